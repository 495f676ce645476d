"""Runs of several masks of one class, united."""

from collections.abc import Sequence

import numpy as np


def unite_runs(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Unite runs that may overlap and come in any order.

    Args:
        parts: Arrays (n, 2) of [start, length] in one order of pixels.

    Returns:
        Int64 (n, 2) of [start, length], starts rising, with a gap between any two runs.

    >>> unite_runs([np.array([[5, 2]]), np.array([[0, 2], [6, 3]])]).tolist()
    [[0, 2], [5, 4]]
    """
    if not parts:
        return np.zeros((0, 2), np.int64)
    runs = np.concatenate(parts).astype(np.int64, copy=False)
    if not len(runs):
        return runs
    runs = runs[np.argsort(runs[:, 0], kind='stable')]
    stops = np.maximum.accumulate(runs.sum(axis=1))
    first = np.concatenate([[True], runs[1:, 0] > stops[:-1]])
    last = np.concatenate([first[1:], [True]])
    starts = runs[first, 0]
    return np.stack([starts, stops[last] - starts], axis=1)
