"""Pixel counts of masks that are given as runs, without drawing them."""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError

from .counts import OverlapCounts


def run_overlap_counts(
    prediction: Sequence[np.ndarray], reference: Sequence[np.ndarray]
) -> OverlapCounts:
    """Count the pixels of every class in the prediction, in the reference and in both.

    Args:
        prediction: Runs of each class, as :func:`handbone.masks.encode` gives them.
        reference: Runs of the same number of classes, in the same pixel order.

    Returns:
        Counts, int64, (C,) each.

    Raises:
        HandboneError: If the numbers of classes differ.
    """
    if len(prediction) != len(reference):
        raise HandboneError(
            f'Prediction and reference have different numbers of classes: {len(prediction)} and '
            f'{len(reference)}.'
        )
    counts = [
        (_intersection(predicted, true), predicted[:, 1].sum(), true[:, 1].sum())
        for predicted, true in zip(prediction, reference, strict=True)
    ]
    return OverlapCounts(*np.array(counts, np.int64).reshape(-1, 3).T)


def _intersection(runs: np.ndarray, others: np.ndarray) -> int:
    """Count the pixels in both of two lists of runs, (n, 2) of [start, length]."""
    if not len(runs) or not len(others):
        return 0
    covered = np.concatenate([[0], np.cumsum(others[:, 1])])

    def covered_before(places: np.ndarray) -> np.ndarray:
        """Count the pixels of the other runs in front of each place."""
        index = np.searchsorted(others[:, 0], places, side='right')
        in_run = places - others[index - 1, 0]
        last = np.where(index > 0, np.minimum(in_run, others[index - 1, 1]), 0)
        return covered[np.maximum(index - 1, 0)] + last

    return int((covered_before(runs.sum(axis=1)) - covered_before(runs[:, 0])).sum())
