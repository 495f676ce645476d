"""Masks as lengths of background and mask in turn, background first, as COCO and CVAT have them."""

import numpy as np

from handbone.errors import HandboneError, counted


def lengths_to_runs(lengths: np.ndarray, num_pixels: int) -> np.ndarray:
    """Turn lengths into runs.

    Args:
        lengths: Int64, background first; a length may be 0.
        num_pixels: Pixels of the mask.

    Returns:
        Int64 (n, 2) of [start, length], starts counted from 0.

    Raises:
        HandboneError: A length is below 0, or they do not add up to the pixels. The text is a
            clause without the file, which the caller knows.

    >>> lengths_to_runs(np.array([1, 2, 3]), 6).tolist()
    [[1, 2]]
    """
    if (lengths < 0).any():
        raise HandboneError(f'there is a length below 0 ({int(lengths.min())})')
    total = int(lengths.sum())
    if total != num_pixels:
        raise HandboneError(
            f'the lengths add up to {counted(total, "pixel")}, but the mask has {num_pixels}',
        )
    edges = np.cumsum(lengths)
    runs = np.stack([edges[: len(edges) // 2 * 2 : 2], lengths[1::2]], axis=1)
    return runs[runs[:, 1] > 0]


def mask_to_lengths(mask: np.ndarray) -> np.ndarray:
    """Find the lengths of a mask, row by row.

    Args:
        mask: Bool array (h, w).

    Returns:
        Int64; they add up to its pixels.

    >>> mask_to_lengths(np.array([[True, False], [True, True]])).tolist()
    [0, 1, 1, 2]
    """
    flat = np.concatenate([[False], mask.ravel()])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(edges, prepend=0, append=mask.size)
