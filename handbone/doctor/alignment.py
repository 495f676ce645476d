"""Places and sizes of classes once all images are moved onto each other."""

from dataclasses import dataclass

import numpy as np

from handbone.masks import inverse
from handbone.regions.template_learning import align, apart, mean_shape

from .survey import Survey

#: An image is aligned by at least this many classes that have a place of their own.
FEWEST_CLASSES = 4


@dataclass(frozen=True)
class Aligned:
    """Features of N images with C classes.

    Attributes:
        mean: (C, 2), the mean shape.
        features: (N, C, 3) float64: x and y in units of the mean shape, and the logarithm of the
            area in them; NaN where the class is not there or the image not aligned.
        whole: (N, C) bool, whether the image is aligned, and the class there and not cut off as it
            usually is not: its place and size tell nothing otherwise.
        matrices: (N, 2, 3), from the mean shape to the pixels of each image; NaN where it is not
            aligned.
        scales: (N,), pixels per unit of the mean shape.
        mirrored: (N,) bool, whether the image shows the mirrored shape.
    """

    mean: np.ndarray
    features: np.ndarray
    whole: np.ndarray
    matrices: np.ndarray
    scales: np.ndarray
    mirrored: np.ndarray


def align_images(survey: Survey) -> Aligned | None:
    """Move the classes of all images onto each other: by rotation, scale, shift and mirroring.

    Args:
        survey: The measurements.

    Returns:
        The features; None if no image shows enough classes in different places. Images that share
        too few classes with the others are not aligned.
    """
    if not survey.records:
        return None
    centres, areas = survey.centres.astype(np.float64), survey.areas.astype(np.float64)
    present, cut = survey.present, survey.border & ~survey.usually_cut
    usable = apart(centres).sum(axis=1) >= FEWEST_CLASSES
    if not usable.any():
        return None
    mean = mean_shape(centres[usable], mirror=True, fewest=FEWEST_CLASSES)
    features, matrices, mirrored = align_shapes(mean, centres, areas)
    scales = pixels_per_unit(matrices)
    whole = present & ~cut & np.isfinite(scales)[:, None]
    return Aligned(mean, features, whole, matrices, scales, mirrored)


def align_shapes(
    mean: np.ndarray, centres: np.ndarray, areas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move images onto a mean shape.

    Args:
        mean: (C, 2), the mean shape.
        centres: (n, C, 2), NaN for a class that is not there.
        areas: (n, C), 0 for a class that is not there.

    Returns:
        Features (n, C, 3), matrices (n, 2, 3) and mirrored (n,), as in :class:`Aligned`.
    """
    found, mirrored = align(mean, centres, mirror=True, fewest=FEWEST_CLASSES)
    matrices = np.full(found.shape, np.nan)
    for row in np.flatnonzero(np.isfinite(found).all(axis=(1, 2))):
        matrices[row] = inverse(found[row])
    features = np.full((*areas.shape, 3), np.nan)
    features[..., :2] = centres @ found[..., :2].swapaxes(1, 2) + found[:, None, :, 2]
    with np.errstate(divide='ignore'):
        features[..., 2] = np.log(areas) - 2 * np.log(pixels_per_unit(matrices))[:, None]
    features[areas == 0] = np.nan
    return features, matrices, mirrored


def pose_changes(features: np.ndarray) -> np.ndarray:
    """Tell how features change when the image is moved, scaled and turned a little.

    Args:
        features: (C, 3), as in :class:`Aligned`.

    Returns:
        (C, 3, 4), derivatives by a shift along x and y in units of the mean shape, by the logarithm
        of the scale, and by the angle in radians.
    """
    x, y, area = features.T
    none, one = np.zeros_like(area), np.ones_like(area)
    changes = ((one, none, none), (none, one, none), (x, y, 2 * one), (-y, x, none))
    return np.stack([np.stack(change, axis=1) for change in changes], axis=2)


def pixels_per_unit(matrices: np.ndarray) -> np.ndarray:
    """Take the scale (n,) from matrices (n, 2, 3) of similarities; NaN of NaN."""
    scales: np.ndarray = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    return scales


def in_pixels(aligned: Aligned, row: int, place: np.ndarray) -> np.ndarray:
    """Move a place of the mean shape, (2,), into the pixels of an image."""
    matrix = aligned.matrices[row]
    moved: np.ndarray = matrix[:, :2] @ place + matrix[:, 2]
    return moved
