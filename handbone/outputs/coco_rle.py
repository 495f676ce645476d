"""Runs in the compressed text form of COCO."""

import numpy as np

#: Bits of a number in one character, and the marks above them.
BITS, CONTINUED, FIRST_CHARACTER = 5, 0x20, 48
#: Characters of the longest number: 31 bits, as COCO's own reader has them.
MOST_CHARACTERS = 7


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
