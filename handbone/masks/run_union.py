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


def subtract_runs(runs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Take the pixels of other runs away.

    Args:
        runs: (n, 2) of [start, length], rising, without overlaps.
        others: The same in the same order of pixels.

    Returns:
        Int64 (m, 2) of [start, length], starts rising.

    >>> subtract_runs(np.array([[0, 6], [8, 2]]), np.array([[2, 2], [7, 2]])).tolist()
    [[0, 2], [4, 2], [9, 1]]
    """
    runs, others = (each.astype(np.int64, copy=False) for each in (runs, others))
    if not len(runs) or not len(others):
        return runs
    ends = [np.column_stack([each[:, 0], each.sum(axis=1)]).ravel() for each in (runs, others)]
    borders = np.unique(np.concatenate(ends))
    # an odd number of ends up to a border: it begins inside of a run; runs that touch have two
    inside, taken = (np.searchsorted(each, borders[:-1], side='right') % 2 == 1 for each in ends)
    kept = np.flatnonzero(inside & ~taken)
    pieces = np.column_stack([borders[kept], borders[kept + 1] - borders[kept]])
    return unite_runs([pieces])
