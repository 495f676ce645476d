"""The runs of Label Studio's brush: the RGBA values of a picture, packed in bits.

A stream of bits holds the number of values (32 bits), the bits of a value less one (5), four sizes
of lengths less one (4 each), and then sections: one bit tells whether a single value follows that
is repeated or one value after the other, two bits choose the size of the length less one. The
fourth value of every pixel, its opacity, is the mask.
"""

from array import array
from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError, counted

from .run_union import unite_runs

#: Bits of a value, and the sizes of lengths in bits, that are written.
WORD, SIZES = 8, (3, 4, 8, 16)
CHANNELS = 4
#: Which of the values of a pixel is the mask.
OPACITY = 3


def read_brush(data: Sequence[int], num_pixels: int) -> np.ndarray:
    """Read the mask of a brush.

    Args:
        data: Bytes, 0 to 255.
        num_pixels: Pixels of the image.

    Returns:
        Int64 (n, 2) of [start, length], row by row, starts counted from 0.

    Raises:
        HandboneError: It is cut off, or of an image of another size. The text is a clause without
            the file, which the caller knows.
    """
    try:
        bits = _Bits(bytes(data))
    except (TypeError, ValueError) as error:
        raise HandboneError('the brush holds something other than bytes') from error
    count = bits.read(32)
    if count != num_pixels * CHANNELS:
        raise HandboneError(
            f'the brush holds {counted(count, "value")}, but an image of '
            f'{counted(num_pixels, "pixel")} has {num_pixels * CHANNELS}'
        )
    word = bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    # 16 bytes for each section, of which a brush may have millions
    runs = array('q')
    place = 0
    while place < count:
        repeated = bits.read(1)
        stop = place + bits.read(sizes[bits.read(2)]) + 1
        if stop > count:
            raise HandboneError('the brush holds more values than it says')
        if not repeated:
            runs.frombytes(_opaque_pixels(bits.are_set(word, stop - place), place).tobytes())
        elif bits.read(word):
            first = _next_pixel(place)
            runs.extend((first, _next_pixel(stop) - first))
        place = stop
    found = np.array(runs, np.int64).reshape(-1, 2)
    # long runs come in several sections
    return unite_runs([found[found[:, 1] > 0]])


def write_brush(runs: np.ndarray, num_pixels: int) -> list[int]:
    """Write a mask as a brush, white and opaque.

    Args:
        runs: (n, 2) of [start, length], row by row, starts counted from 0.
        num_pixels: Pixels of the image.

    Returns:
        Bytes, 0 to 255.
    """
    parts = [f'{num_pixels * CHANNELS:032b}', f'{WORD - 1:05b}', *(f'{s - 1:04b}' for s in SIZES)]
    before = 0
    for start, length in [*runs.tolist(), [num_pixels, 0]]:
        parts += _repeated(0, (start - before) * CHANNELS)
        parts += _repeated(255, length * CHANNELS)
        before = start + length
    text = ''.join(parts)
    text += '0' * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, 'big'))


def _repeated(value: int, count: int) -> list[str]:
    """Write a value that is repeated, in sections of the longest length at most."""
    parts = []
    while count:
        length = min(count, 1 << SIZES[-1])
        choice = next(index for index, size in enumerate(SIZES) if length <= 1 << size)
        parts.append(f'1{choice:02b}{length - 1:0{SIZES[choice]}b}{value:0{WORD}b}')
        count -= length
    return parts


def _next_pixel(place: int) -> int:
    """Find the first pixel whose opacity comes at a place among the values, or after it."""
    return -(-(place - OPACITY) // CHANNELS)


def _opaque_pixels(are_set: np.ndarray, place: int) -> np.ndarray:
    """Find the pixels whose opacity is set.

    Args:
        are_set: Bool (n,), for values one after the other.
        place: Of the first one among the values.

    Returns:
        Int64 (m, 2) of [start, length].
    """
    first = _next_pixel(place)
    opaque = first + np.flatnonzero(are_set[first * CHANNELS + OPACITY - place :: CHANNELS])
    return unite_runs([np.stack([opaque, np.ones_like(opaque)], axis=1)])


class _Bits:
    """Reads numbers from a stream of bits, highest bit first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def read(self, count: int) -> int:
        """Read a number.

        Args:
            count: Its bits, at most 32.

        Returns:
            The number.
        """
        data, skipped = self._take(count)
        number = int.from_bytes(data, 'big') >> (8 * len(data) - skipped - count)
        return number & ((1 << count) - 1)

    def are_set(self, word: int, count: int) -> np.ndarray:
        """Read numbers, and tell which are not 0.

        Args:
            word: Bits of a number.
            count: How many there are.

        Returns:
            Bool (count,).
        """
        data, skipped = self._take(word * count)
        bits = np.unpackbits(np.frombuffer(data, np.uint8))[skipped : skipped + word * count]
        return np.asarray(bits.reshape(count, word).any(axis=1))

    def _take(self, count: int) -> tuple[bytes, int]:
        """Go on by some bits: the bytes that hold them, and how many bits come before them."""
        end = self._place + count
        if end > 8 * len(self._data):
            raise HandboneError('the brush is cut off')
        data = self._data[self._place // 8 : -(-end // 8)]
        skipped = self._place % 8
        self._place = end
        return data, skipped
