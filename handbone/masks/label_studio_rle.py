"""The runs of Label Studio's brush: the RGBA values of a picture, packed in bits.

A stream of bits holds the number of values (32 bits), the bits of a value less one (5), four sizes
of lengths less one (4 each), and then sections: one bit tells whether a single value follows that
is repeated or one value after the other, two bits choose the size of the length less one. The
fourth value of every pixel, its opacity, is the mask.
"""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError, counted

from .run_union import unite_runs

#: Bits of a value, and the sizes of lengths in bits, that are written.
WORD, SIZES = 8, (3, 4, 8, 16)
CHANNELS = 4


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
    sections: list[tuple[int, int]] = []
    place = 0
    while place < count:
        repeated = bits.read(1)
        stop = place + bits.read(sizes[bits.read(2)]) + 1
        if stop > count:
            raise HandboneError('the brush holds more values than it says')
        if repeated:
            if bits.read(word):
                sections.append((place, stop))
        else:
            for each in range(place, stop):
                if bits.read(word):
                    sections.append((each, each + 1))
        place = stop
    return _pixels_of(np.array(sections, np.int64).reshape(-1, 2))


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


def _pixels_of(sections: np.ndarray) -> np.ndarray:
    """Find the pixels whose fourth value lies in one of the sections."""
    opacity = CHANNELS - 1
    starts = -(-(sections[:, 0] - opacity) // CHANNELS)
    stops = -(-(sections[:, 1] - opacity) // CHANNELS)
    runs = np.stack([starts, stops - starts], axis=1)
    # long runs come in several sections
    return unite_runs([runs[runs[:, 1] > 0]])


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
        end = self._place + count
        if end > 8 * len(self._data):
            raise HandboneError('the brush is cut off')
        first, last = self._place // 8, -(-end // 8)
        number = int.from_bytes(self._data[first:last], 'big') >> (8 * last - end)
        self._place = end
        return number & ((1 << count) - 1)
