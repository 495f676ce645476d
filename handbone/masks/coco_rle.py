"""Runs in the compressed text form of COCO."""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError

from .lengths_in_turn import lengths_to_runs

#: Bits of a number in one character, and the marks above them.
BITS, CONTINUED, FIRST_CHARACTER = 5, 0x20, 48
#: Characters of the longest number: 31 bits, as COCO's own reader has them.
MOST_CHARACTERS = 7
#: No image has as many pixels, and sums of lengths do not overflow.
LARGEST = 2**40


def coco_counts(runs: np.ndarray, num_pixels: int) -> str:
    """Write the runs of one mask as COCO's compressed counts.

    Lengths of background and mask take turns, background first. From the fourth on, the difference
    to the length two places before is written, in groups of five bits, lowest first, as
    ``rleToString`` of pycocotools does.

    Args:
        runs: Int64 (n, 2) of [start, length], starts counted from 0, column by column.
        num_pixels: Pixels of the image.

    Returns:
        The text, ASCII.
    """
    edges = np.concatenate([[0], np.stack([runs[:, 0], runs.sum(axis=1)], 1).ravel(), [num_pixels]])
    lengths = np.diff(edges)
    if len(lengths) > 1 and lengths[-1] == 0:
        lengths = lengths[:-1]
    numbers = lengths.copy()
    numbers[3:] -= lengths[1:-2]
    groups = numbers[:, None] >> (BITS * np.arange(MOST_CHARACTERS))
    rest = groups >> BITS
    sign_bit = (groups & (1 << BITS - 1)) != 0
    # the number ends where what is left is the sign alone
    ends = np.where(sign_bit, rest == -1, rest == 0)
    used = np.arange(MOST_CHARACTERS) <= ends.argmax(axis=1)[:, None]
    characters = (groups & (CONTINUED - 1)) + np.where(ends, 0, CONTINUED) + FIRST_CHARACTER
    return characters[used].astype(np.uint8).tobytes().decode('ascii')


def read_coco_counts(counts: str | Sequence[int], num_pixels: int) -> np.ndarray:
    """Read COCO's counts of one mask, compressed or as a list of lengths.

    Args:
        counts: The text that :func:`coco_counts` writes, or the lengths themselves.
        num_pixels: Pixels of the image.

    Returns:
        Int64 (n, 2) of [start, length], starts counted from 0, column by column.

    Raises:
        HandboneError: If the counts are damaged or do not add up to the pixels of the image. The
            text is a clause without the file, which the caller knows.

    >>> read_coco_counts([1, 2, 3], 6).tolist()
    [[1, 2]]
    """
    lengths = _decompressed(counts) if isinstance(counts, str) else _as_lengths(counts)
    return lengths_to_runs(lengths, num_pixels)


def _as_lengths(counts: Sequence[int]) -> np.ndarray:
    if any(type(length) is not int for length in counts):
        raise HandboneError('the counts are not whole numbers')
    if any(abs(length) >= LARGEST for length in counts):
        raise HandboneError('the counts hold a length beyond any image')
    return np.array(counts, np.int64)


def _decompressed(text: str) -> np.ndarray:
    """Undo what :func:`coco_counts` does: int64 lengths."""
    if not text:
        return np.zeros(0, np.int64)
    try:
        characters = np.frombuffer(text.encode('ascii'), np.uint8).astype(np.int64)
    except UnicodeEncodeError:
        characters = np.array([0])
    groups = characters - FIRST_CHARACTER
    if groups.min() < 0 or groups.max() >= 2 * CONTINUED:
        raise HandboneError('the compressed counts hold a character that COCO does not use')
    last = groups < CONTINUED
    if not last[-1]:
        raise HandboneError('the compressed counts are cut off')
    begins = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    sizes = np.diff(begins, append=len(groups))
    if sizes.max() > MOST_CHARACTERS:
        raise HandboneError('the compressed counts hold a length beyond any image')
    shifts = BITS * (np.arange(len(groups)) - np.repeat(begins, sizes))
    numbers = np.add.reduceat((groups & (CONTINUED - 1)) << shifts, begins)
    negative = (groups[last] & (1 << BITS - 1)) != 0
    numbers[negative] -= np.int64(1) << (BITS * sizes[negative])
    # from the fourth on, a number is the difference to the length two places before
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
