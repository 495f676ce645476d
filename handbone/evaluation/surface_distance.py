"""Distances between the surfaces of two masks, and the scores that come from them.

A surface is the mask without its erosion by the four neighbours. The definitions are those of
Maier-Hein et al., "Metrics reloaded" (Nature Methods 2024), and of MONAI without subvoxels.

Where both masks are empty, distances are 0 and the surface Dice is 1. Where one is empty there is
no distance: it is infinite, to be counted separately, and the surface Dice is 0.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import surface_pixels

#: A search tree takes about as long for one surface pixel as a distance transform for ten pixels
#: of its box, so small masks that fill their box are measured by the transform.
PIXELS_PER_SEARCH = 10
#: Rounding of a distance must not decide whether it is within a tolerance.
ROUNDING = 1e-9


class SurfaceDistances(NamedTuple):
    """Distances between the surfaces of prediction and reference of one class.

    Attributes:
        to_reference: From each surface pixel of the prediction to the nearest of the reference,
            float64.
        to_prediction: From each surface pixel of the reference to the nearest of the prediction.
    """

    to_reference: np.ndarray
    to_prediction: np.ndarray


def pixel_lengths(spacing: float | Sequence[float] | None) -> tuple[float, float]:
    """Check the size of a pixel.

    Args:
        spacing: Height and width, one number for both, or None for pixels.

    Returns:
        Height and width; 1 for pixels.

    Raises:
        HandboneError: If they are not one or two finite numbers above 0.

    >>> pixel_lengths(0.15), pixel_lengths([0.1, 0.2]), pixel_lengths(None)
    ((0.15, 0.15), (0.1, 0.2), (1.0, 1.0))
    """
    lengths = np.atleast_1d(np.asarray(1.0 if spacing is None else spacing, np.float64)).tolist()
    if len(lengths) not in (1, 2) or not all(0 < each < np.inf for each in lengths):
        raise HandboneError(
            f'The spacing is one or two lengths above 0, got {spacing}. On the command line it is '
            '--spacing MM, or --spacing HEIGHT WIDTH.'
        )
    return lengths[0], lengths[-1]


def surface_distances(
    prediction: np.ndarray,
    reference: np.ndarray,
    num_classes: int,
    spacing: float | Sequence[float] = (1.0, 1.0),
) -> Iterator[SurfaceDistances]:
    """Measure the distances between surfaces class by class, exactly.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape. Pixels that it ignores belong to no class in
            either.
        num_classes: Number of classes.
        spacing: Height and width of a pixel, or one number for both, in the unit that distances are
            to have.

    Yields:
        The distances of each class, in class order.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes, or the
            spacing is not one or two positive numbers.
    """
    if prediction.shape != reference.shape:
        raise HandboneError(
            f'Prediction and reference differ in shape: {prediction.shape} and {reference.shape}.'
        )
    lengths = pixel_lengths(spacing)
    ignored = reference < 0
    if ignored.any():
        prediction = np.where(ignored, 0, prediction)
    pairs = (surface_pixels(packed, num_classes) for packed in (prediction, reference))
    for predicted, true in zip(*pairs, strict=True):
        yield SurfaceDistances(
            _nearest(predicted, true, lengths), _nearest(true, predicted, lengths)
        )


def hausdorff_distance(distances: SurfaceDistances, percentile: float = 95) -> float:
    """Take a percentile of the distances in each direction, and the larger of the two.

    Args:
        distances: Distances of one class.
        percentile: 95 for HD95, 100 for the Hausdorff distance.

    Returns:
        At least 0; infinite where one mask is empty.
    """
    if not _comparable(distances):
        return _of_empty_masks(distances)
    return float(max(np.percentile(each, percentile) for each in distances))


def average_surface_distance(distances: SurfaceDistances) -> float:
    """Take the mean over the surface pixels of both masks (average symmetric surface distance).

    Args:
        distances: Distances of one class.

    Returns:
        At least 0; infinite where one mask is empty.
    """
    if not _comparable(distances):
        return _of_empty_masks(distances)
    return float(np.concatenate(distances).mean())


def surface_dice(distances: SurfaceDistances, tolerance: float) -> float:
    """Take the share of surface pixels within a tolerance of the other surface.

    Nikolov et al., "Clinically applicable segmentation of head and neck anatomy" (JMIR 2021), with
    every surface pixel counting the same.

    Args:
        distances: Distances of one class.
        tolerance: In the unit of the distances, at least 0.

    Returns:
        0 to 1; 0 where one mask is empty, 1 where both are.
    """
    if not _comparable(distances):
        return float(_of_empty_masks(distances) == 0)
    return float((np.concatenate(distances) <= tolerance * (1 + ROUNDING)).mean())


def _nearest(points: np.ndarray, others: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Measure how far each point is from the nearest of the others.

    Args:
        points: Row and column, int64 (n, 2).
        others: Likewise (m, 2).
        spacing: Height and width of a pixel.

    Returns:
        Float64 (n,), infinite without others.
    """
    if not len(points) or not len(others):
        return np.full(len(points), np.inf)
    low = np.minimum(points.min(axis=0), others.min(axis=0))
    size = np.maximum(points.max(axis=0), others.max(axis=0)) - low + 1
    if len(points) * PIXELS_PER_SEARCH > size.prod():
        from scipy.ndimage import distance_transform_edt

        outside = np.ones(size, bool)
        outside[tuple((others - low).T)] = False
        return distance_transform_edt(outside, sampling=spacing)[tuple((points - low).T)]
    from scipy.spatial import cKDTree

    # balancing the tree costs more than it saves on the few pixels of a surface
    tree = cKDTree(others * spacing, balanced_tree=False, compact_nodes=False)
    return tree.query(points * spacing)[0]


def _comparable(distances: SurfaceDistances) -> bool:
    return all(len(each) for each in distances)


def _of_empty_masks(distances: SurfaceDistances) -> float:
    return np.inf if any(len(each) for each in distances) else 0.0
