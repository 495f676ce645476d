"""Overlaps of pairs of classes, as packed maps: bit p is set where both classes of pair p are.

Few pixels have several classes, and those have few different codes, so many pairs cost about as
much as one. What counts and measures classes does so for pairs then.
"""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError, counted

from .packed import CLASSES_PER_PLANE, check_planes, empty, planes_of
from .rle import change_points

#: Index of the first and of the second class of each pair, (n, 2).
Pairs = np.ndarray | Sequence[Sequence[int]]


def overlapping_pairs(packed: np.ndarray, num_classes: int) -> np.ndarray:
    """Find the pairs of classes that have a pixel in common.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes C.

    Returns:
        Class indices, int64 (n, 2), the lower one first, rising.

    Raises:
        HandboneError: If the map does not fit the number of classes.

    >>> overlapping_pairs(np.array([[3, 4], [5, 0]], np.int32), 3).tolist()
    [[0, 1], [0, 2]]
    """
    return pair_pixels(packed, num_classes)[0]


def pair_pixels(packed: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs of classes that have pixels in common, and count these.

    Args:
        packed: As for :func:`overlapping_pairs`.
        num_classes: Number of classes C.

    Returns:
        Class indices as of :func:`overlapping_pairs`, and the pixels of each pair, int64 (n,).

    Raises:
        HandboneError: If the map does not fit the number of classes.

    >>> pair_pixels(np.array([[3, 3], [5, 0]], np.int32), 3)[1].tolist()
    [2, 1]
    """
    check_planes(packed, num_classes)
    if not packed.size:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    planes = [plane.ravel() for plane in planes_of(packed)]
    starts = change_points(*planes)
    codes, lengths = [plane[starts] for plane in planes], np.diff(starts, append=planes[0].size)
    shared = _shared_pixels(codes)
    several = np.stack([code[shared] for code in codes], axis=1)
    # float64 counts exactly, and is multiplied faster than integers
    classes = _has_class(several, np.arange(num_classes)).astype(np.float64)
    counts = np.triu((classes.T * lengths[shared]) @ classes, 1).astype(np.int64)
    pairs = np.argwhere(counts)
    return pairs, counts[tuple(pairs.T)]


def pair_maps(
    prediction: np.ndarray, reference: np.ndarray, pairs: Pairs, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the overlap of each pair of classes in the prediction and in the reference.

    Both are cut to the box around all pixels with several classes, outside of which no pair is
    anywhere.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape. Pixels that it ignores belong to no class in
            either.
        pairs: Class indices, (n, 2), n at least 1.
        num_classes: Number of classes.

    Returns:
        Packed maps of n classes, of the prediction and of the reference, of one shape.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes, or there is
            no such pair.
    """
    if prediction.shape != reference.shape:
        raise HandboneError(
            f'Prediction and reference have different shapes: {prediction.shape} and '
            f'{reference.shape}.'
        )
    check_planes(prediction, num_classes)
    check_planes(reference, num_classes)
    chosen = np.asarray(pairs, np.int64).reshape(-1, 2)
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= num_classes:
        raise HandboneError(
            f'Pairs are of two of {counted(num_classes, "class")} each, got {pairs}.'
        )
    seen = next(planes_of(reference)) >= 0
    maps = [list(planes_of(packed)) for packed in (prediction, reference)]
    places = [np.nonzero(_shared_pixels(planes) & seen) for planes in maps]
    rows, columns = (np.concatenate(axis) for axis in zip(*places, strict=True))
    if not len(rows):
        return empty(1, 1, len(chosen)), empty(1, 1, len(chosen))
    box = (rows.min(), columns.min()), (rows.max() + 1, columns.max() + 1)
    drawn = [
        _draw(planes, shared, chosen, box) for planes, shared in zip(maps, places, strict=True)
    ]
    return drawn[0], drawn[1]


def _draw(
    planes: Sequence[np.ndarray],
    places: tuple[np.ndarray, ...],
    pairs: np.ndarray,
    box: tuple[tuple[int, int], tuple[int, int]],
) -> np.ndarray:
    """Draw pairs at the given places into a map of the size of the box."""
    (top, left), (bottom, right) = box
    drawn = empty(bottom - top, right - left, len(pairs))
    codes, of_place = np.unique(
        np.stack([plane[places] for plane in planes], axis=1), axis=0, return_inverse=True
    )
    both = _has_class(codes, pairs[:, 0]) & _has_class(codes, pairs[:, 1])
    rows, columns = places[0] - top, places[1] - left
    for index, plane in enumerate(planes_of(drawn)):
        of_plane = both[:, index * CLASSES_PER_PLANE : (index + 1) * CLASSES_PER_PLANE]
        bits = of_plane @ (np.int64(1) << np.arange(of_plane.shape[1]))
        plane[rows, columns] = bits.astype(np.int32)[of_place.ravel()]
    return drawn


def _shared_pixels(planes: Sequence[np.ndarray]) -> np.ndarray:
    """Find the pixels with several classes, bool of their shape; those to ignore have none."""
    if len(planes) == 1:
        code = planes[0]
        return (code > 0) & (code & code - 1 != 0)
    number = sum(np.bitwise_count(np.maximum(plane, 0)) for plane in planes)
    return number > 1


def _has_class(codes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Read whether codes (n, P) have each of C classes, bool (n, C)."""
    plane, bit = np.divmod(classes, CLASSES_PER_PLANE)
    return (codes[:, plane] >> bit.astype(np.int32) & 1).astype(bool)
