"""Pixel counts of overlapping masks, and the scores that come from them."""

import functools
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError

from .packed import CLASSES_PER_PLANE, check_planes, ignore_mask, planes_of
from .rle import change_points

#: Pixels processed at a time, which limits the memory that a noisy map takes.
PIXELS_PER_BLOCK = 2**20


class OverlapCounts(NamedTuple):
    """Pixels per class.

    Attributes:
        intersection: Pixels of the class in prediction and reference, int64 (C,).
        prediction: Pixels of the class in the prediction, int64 (C,).
        reference: Pixels of the class in the reference, int64 (C,).
    """

    intersection: np.ndarray
    prediction: np.ndarray
    reference: np.ndarray


def overlap_counts(
    prediction: np.ndarray, reference: np.ndarray, num_classes: int
) -> OverlapCounts:
    """Count the pixels of every class in the prediction, in the reference and in both.

    Pixels that the reference ignores are not counted. Pixels that the prediction ignores belong to
    none of its classes.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape.
        num_classes: Number of classes C.

    Returns:
        Counts, int64, (C,) each.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes.

    >>> import numpy as np
    >>> counts = overlap_counts(np.array([[1, 3]], np.int32), np.array([[1, 2]], np.int32), 2)
    >>> counts.intersection.tolist(), counts.prediction.tolist(), counts.reference.tolist()
    ([1, 1], [2, 1], [1, 1])
    >>> dice(counts).round(2).tolist()
    [0.67, 1.0]
    """
    if prediction.shape != reference.shape:
        raise HandboneError(
            f'Prediction and reference have different shapes: {prediction.shape} and '
            f'{reference.shape}.'
        )
    check_planes(prediction, num_classes)
    check_planes(reference, num_classes)
    counts = np.zeros((3, num_classes), np.int64)
    for plane, maps in enumerate(zip(planes_of(prediction), planes_of(reference), strict=True)):
        predicted, true, pixels = _code_pairs(*maps)
        first = plane * CLASSES_PER_PLANE
        for index in range(first, min(first + CLASSES_PER_PLANE, num_classes)):
            bit = index - first
            for row, codes in enumerate((predicted & true, predicted, true)):
                counts[row, index] = pixels @ (codes >> bit & 1)
    return OverlapCounts(*counts)


def background_counts(prediction: np.ndarray, reference: np.ndarray) -> tuple[int, int, int]:
    """Count the pixels without any class, as :func:`overlap_counts` counts those of a class.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape.

    Returns:
        Pixels without a class in both, in the prediction and in the reference.

    >>> import numpy as np
    >>> background_counts(np.array([[0, 0, 1]], np.int32), np.array([[0, 2, -1]], np.int32))
    (1, 2, 1)
    """
    seen = ~ignore_mask(reference)
    without = []
    for packed in (prediction, reference):
        occupied = functools.reduce(np.bitwise_or, planes_of(packed))
        without.append(seen & (occupied <= 0))  # what the prediction ignores has no class
    both = without[0] & without[1]
    return int(both.sum()), int(without[0].sum()), int(without[1].sum())


def dice(counts: OverlapCounts, eps: float = 1e-4) -> np.ndarray:
    """Compute the Dice coefficient ``(2 |A and B| + eps) / (|A| + |B| + eps)``.

    Args:
        counts: Pixel counts.
        eps: Makes two empty masks score 1.

    Returns:
        Float64 (C,), 0 to 1.
    """
    return (2 * counts.intersection + eps) / (counts.prediction + counts.reference + eps)


def iou(counts: OverlapCounts, eps: float = 1e-4) -> np.ndarray:
    """Compute intersection over union, ``(|A and B| + eps) / (|A or B| + eps)``.

    Args:
        counts: Pixel counts.
        eps: Makes two empty masks score 1.

    Returns:
        Float64 (C,), 0 to 1.
    """
    union = counts.prediction + counts.reference - counts.intersection
    return (counts.intersection + eps) / (union + eps)


def precision(counts: OverlapCounts) -> np.ndarray:
    """Compute the share of the prediction that is correct, ``|A and B| / |A|``.

    Args:
        counts: Pixel counts.

    Returns:
        Float64 (C,), 0 to 1. An empty prediction scores 1 where the reference is empty too, else 0.
    """
    return _share(counts.intersection, counts.prediction, counts.reference)


def recall(counts: OverlapCounts) -> np.ndarray:
    """Compute the share of the reference that is found, ``|A and B| / |B|``.

    Args:
        counts: Pixel counts.

    Returns:
        Float64 (C,), 0 to 1. An empty reference scores 1 where the prediction is empty too, else 0.
    """
    return _share(counts.intersection, counts.reference, counts.prediction)


def _share(both: np.ndarray, whole: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Divide counts; 0 / 0 is 1 where the other mask is empty too, else 0."""
    return np.where(whole > 0, both / np.maximum(whole, 1), other == 0)


def _code_pairs(prediction: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, ...]:
    """Count how many pixels have each pair of a predicted and a true code.

    Codes stay the same over long runs and there are few different pairs of codes, so the counts of
    every class can be computed from those pairs.

    Args:
        prediction: Plane of a packed map, (H, W).
        reference: Plane of a packed map, (H, W).

    Returns:
        Predicted codes, true codes and pixels, int64, (n,) each; a pair may occur several times.
        Both codes are 0 where the reference ignores a pixel; the predicted code is 0 where the
        prediction does.
    """
    prediction, reference = prediction.ravel(), reference.ravel()
    pairs, pixels = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start in range(0, reference.size, PIXELS_PER_BLOCK):
        block = slice(start, start + PIXELS_PER_BLOCK)
        predicted, true = prediction[block], reference[block]
        starts = change_points(predicted, true)
        lengths = np.diff(starts, append=true.size)
        predicted, true = predicted[starts], true[starts]
        predicted[(predicted < 0) | (true < 0)] = 0
        true[true < 0] = 0
        unique, inverse = np.unique(predicted.astype(np.int64) << 32 | true, return_inverse=True)
        pairs.append(unique)
        pixels.append(np.bincount(inverse, lengths).astype(np.int64))
    codes = np.concatenate(pairs)
    return codes >> 32, codes & 0xFFFFFFFF, np.concatenate(pixels)
