"""Pixel counts of overlapping masks, and the scores that come from them."""

from typing import NamedTuple

import numpy as np

from .packed import check_planes, class_mask, ignore_mask


class OverlapCounts(NamedTuple):
    """Pixels a class.

    Attributes:
        intersection: Pixels of the class in prediction and truth, int64 (C,).
        prediction: Pixels of the class in the prediction, int64 (C,).
        truth: Pixels of the class in the truth, int64 (C,).
    """

    intersection: np.ndarray
    prediction: np.ndarray
    truth: np.ndarray


def overlap_counts(prediction: np.ndarray, truth: np.ndarray, num_classes: int) -> OverlapCounts:
    """Count the pixels of every class in prediction, truth and both.

    Pixels that the truth ignores are not counted. Pixels that the prediction ignores belong to no
    class of the prediction.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        truth: Packed map of the same shape.
        num_classes: Number of classes C.

    Returns:
        Counts, int64, (C,) each.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f'Prediction is {prediction.shape}, truth is {truth.shape}.')
    check_planes(truth, num_classes)
    seen = ~ignore_mask(truth)
    predicted = seen & ~ignore_mask(prediction)
    counts = np.zeros((3, num_classes), np.int64)
    for index in range(num_classes):
        ours = class_mask(prediction, index) & predicted
        theirs = class_mask(truth, index) & seen
        counts[:, index] = [np.count_nonzero(mask) for mask in (ours & theirs, ours, theirs)]
    return OverlapCounts(*counts)


def dice(counts: OverlapCounts, eps: float = 1e-4) -> np.ndarray:
    """Compute the Dice coefficient ``(2 |A and B| + eps) / (|A| + |B| + eps)``.

    Args:
        counts: Pixel counts.
        eps: Makes two empty masks score 1.

    Returns:
        Float64 (C,), 0 to 1.
    """
    return (2 * counts.intersection + eps) / (counts.prediction + counts.truth + eps)


def iou(counts: OverlapCounts, eps: float = 1e-4) -> np.ndarray:
    """Compute intersection over union, ``(|A and B| + eps) / (|A or B| + eps)``.

    Args:
        counts: Pixel counts.
        eps: Makes two empty masks score 1.

    Returns:
        Float64 (C,), 0 to 1.
    """
    union = counts.prediction + counts.truth - counts.intersection
    return (counts.intersection + eps) / (union + eps)
