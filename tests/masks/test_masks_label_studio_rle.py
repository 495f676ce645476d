"""Label Studio's brush against its own decoder and encoder, written down anew."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handbone.errors import HandboneError
from handbone.masks import encode, pack
from handbone.masks.label_studio_rle import read_brush, write_brush


def plain_decode(data):
    """Values of the RGBA picture, bit by bit."""
    bits = ''.join(f'{byte:08b}' for byte in data)
    place = 0

    def read(count):
        nonlocal place
        place += count
        return int(bits[place - count : place], 2)

    count, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values = []
    while len(values) < count:
        repeated = read(1)
        length = read(sizes[read(2)]) + 1
        values += [read(word)] * length if repeated else [read(word) for _ in range(length)]
    return np.array(values, np.uint8)


def plain_encode(values):
    """Runs of up to 8 values, and single values one after the other, as real exports mix them."""
    bits = [f'{len(values):032b}', f'{7:05b}', *(f'{size - 1:04b}' for size in (3, 4, 8, 16))]
    for value, group in itertools.groupby(values):
        length = len(list(group))
        while length:
            part = min(length, 8)
            if part < 3:
                bits.append(f'000{part - 1:03b}' + f'{value:08b}' * part)
            else:
                bits.append(f'100{part - 1:03b}{value:08b}')
            length -= part
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return [int(text[place : place + 8], 2) for place in range(0, len(text), 8)]


MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(bool, shape))


@settings(max_examples=80, deadline=None)
@given(MASKS)
def test_masks_are_written_as_opaque_pixels(mask):
    runs = encode(pack(mask[None]), 1)[0]
    data = write_brush(runs, mask.size)
    values = plain_decode(data).reshape(*mask.shape, 4)
    np.testing.assert_array_equal(values, np.repeat(mask[..., None], 4, 2) * 255)
    np.testing.assert_array_equal(read_brush(data, mask.size), runs)


@settings(max_examples=80, deadline=None)
@given(MASKS, st.integers(1, 255))
def test_only_the_opacity_is_the_mask(mask, opacity):
    picture = np.random.default_rng(0).integers(0, 256, (*mask.shape, 4))
    picture[..., 3] = mask * opacity
    runs = read_brush(plain_encode(picture.ravel().tolist()), mask.size)
    found = np.zeros(mask.size, bool)
    for start, length in runs:
        found[start : start + length] = True
    np.testing.assert_array_equal(found, mask.ravel())


def test_long_runs():
    mask = np.zeros((700, 900), bool)
    mask[100:600] = True
    runs = encode(pack(mask[None]), 1)[0]
    data = write_brush(runs, mask.size)
    assert len(data) < 150
    np.testing.assert_array_equal(read_brush(data, mask.size), runs)


@pytest.mark.parametrize(
    ('damage', 'fault'),
    [
        (lambda data: data[:-2], 'cut off'),
        (lambda data: [], 'cut off'),
        (lambda data: [*data[:3], 8, *data[4:]], 'holds 8 values'),
        (lambda data: [*data[:10], 300], 'other than bytes'),
        (lambda data: [*data[:10], 'a'], 'other than bytes'),
    ],
)
def test_damage(damage, fault):
    data = write_brush(np.array([[1, 2], [4, 1]]), 6)
    with pytest.raises(HandboneError, match=fault):
        read_brush(damage(data), 6)


def coloured(mask, color=(200, 0, 60)):
    """A brush as the program draws it: opaque pixels of a colour, one value after the other."""
    opaque = ''.join(f'{value:08b}' for value in (*color, 255))
    text = f'{4 * mask.size:032b}' + f'{7:05b}' + ''.join(f'{15:04b}' for _ in range(4))
    for is_set, group in itertools.groupby(mask.ravel().tolist()):
        length = len(list(group))
        while length:
            part = min(length, 1 << 14)
            text += f'{int(not is_set)}00{4 * part - 1:016b}' + (
                opaque * part if is_set else '0' * 8
            )
            length -= part
    text += '0' * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, 'big'))


def test_a_coloured_brush_takes_no_memory_for_its_values():
    """A disc of 80,000 pixels has 320,000 values, and 320 runs."""
    rows, columns = np.ogrid[:400, :400]
    mask = (rows - 200) ** 2 + (columns - 200) ** 2 < 160**2
    data = coloured(mask)
    tracemalloc.start()
    runs = read_brush(data, mask.size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(runs, encode(pack(mask[None]), 1)[0])
    assert peak < 8 * mask.sum()  # the bytes themselves are half of it
