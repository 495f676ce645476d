"""Learn the template of a region from labelled images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from handbone.errors import HandboneError
from handbone.masks import inverse

from .similarity import fit_either_side

#: Rounds of aligning all images with the mean of the round before.
ROUNDS = 10
#: A class is used if it is in this share of the images, and its centroid varies, once the images
#: are aligned, by at most this share of the extent of all classes.
LEAST_SHARE, MOST_VARIATION = 0.5, 0.06
#: Share of the images that stick out of the view on each side.
OUTSIDE = 0.02
#: Images that a mean is tried to begin with.
MOST_STARTS = 20
#: Scales below this have collapsed: most classes of the image have one place.
LEAST_SCALE = 1e-3


class Outlined(NamedTuple):
    """What an image tells about the region.

    Attributes:
        centroids: (C, 2) x and y, NaN for a class that it does not show.
        points: (n, 2) points of the outlines of all classes.
    """

    centroids: np.ndarray
    points: np.ndarray


def learn_template(
    images: Sequence[Outlined],
    size: tuple[int, int] = (1, 1),
    mirror: bool = False,
    margin: float = 0.05,
) -> list[tuple[float, float] | None]:
    """Average the places of the classes over images that are moved onto each other.

    Rotation, scale and shift are removed (generalised Procrustes analysis). Then the mean is turned
    as the images are on average, so that upright images give an upright view, and fitted into it.

    Args:
        images: Labelled images.
        size: Width and height of the view; only their ratio matters.
        mirror: Also mirror images where they agree better with the others that way.
        margin: Space that is left on each side of the view, as a share of it.

    Returns:
        The template as :class:`TemplateRegion` takes it, rounded to a thousandth.

    Raises:
        HandboneError: If fewer than three classes lie in about the same place in the images.
    """
    centroids = np.stack([image.centroids for image in images]).astype(np.float64)
    if not len(images) or apart(centroids).sum(axis=1).max() < 3:
        raise HandboneError(
            'a template is learnt from images that show at least three classes, each in a place of '
            'its own'
        )
    mean = mean_shape(centroids, mirror)
    matrices, mirrored = align(mean, centroids, mirror)
    placed = np.isfinite(matrices).all(axis=(1, 2))
    centroids, matrices, mirrored = centroids[placed], matrices[placed], mirrored[placed]
    images = [image for image, there in zip(images, placed, strict=True) if there]
    seen = np.isfinite(centroids).all(axis=2)
    # the same way round as most of the images, and turned as they are
    kept = mirrored == (mirrored.mean() > 0.5)
    if mirrored.mean() > 0.5:
        mean[:, 0] *= -1
        matrices[:, 0] *= -1  # they lead to the mean, which is mirrored
    turns = np.array([inverse(matrix) for matrix in matrices[kept]])
    angle = np.angle((turns[:, 0, 0] + 1j * turns[:, 1, 0]).sum())
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mean = mean @ turn.T
    matrices, _ = align(mean, centroids, mirror)
    moved = np.stack([_moved(each, m) for each, m in zip(centroids, matrices, strict=True)])
    outlines = [_moved(image.points, m) for image, m in zip(images, matrices, strict=True)]
    ends = np.array([(points.min(axis=0), points.max(axis=0)) for points in outlines])
    low = np.quantile(ends[:, 0], OUTSIDE, axis=0)
    high = np.quantile(ends[:, 1], 1 - OUTSIDE, axis=0)
    variation = np.sqrt(((moved - mean) ** 2).sum(axis=2))
    steady = _nan_median(variation) <= MOST_VARIATION * np.linalg.norm(high - low)
    used = steady & (seen.mean(axis=0) >= LEAST_SHARE)
    if used.sum() < 3:
        raise HandboneError(
            f'only {used.sum()} classes lie in about the same place in the images, which is too '
            'little for a template'
        )
    view = np.array(size) / max(size)
    scale = ((1 - 2 * margin) * view / (high - low)).min()
    places = (0.5 * view + scale * (mean - (low + high) / 2)) / view
    return [
        (round(float(x), 3), round(float(y), 3)) if use else None
        for (x, y), use in zip(places, used, strict=True)
    ]


def mean_shape(centroids: np.ndarray, mirror: bool, fewest: int = 2) -> np.ndarray:
    """Average the places of the classes over images that are moved onto each other.

    It begins with the classes of one image, and grows by those of images that share enough of them
    with it. Where images fall into groups without common classes, the mean is that of the largest
    group that is found.

    Args:
        centroids: (N, C, 2) x and y, float64, NaN for a class that an image does not show. One
            image shows at least ``fewest`` classes in places of their own.
        mirror: Also mirror images where they agree better with the others that way.
        fewest: Classes that an image shares with the mean, as for :func:`align`.

    Returns:
        (C, 2), around 0 with a spread of 1; NaN for a class that no image of the group shows.
    """
    mean = _scaled(centroids[_first_image(apart(centroids), fewest)])
    for _ in range(ROUNDS):
        matrices, _ = align(mean, centroids, mirror, fewest)
        if np.isnan(matrices).all():
            break
        moved = np.stack([_moved(each, m) for each, m in zip(centroids, matrices, strict=True)])
        with np.errstate(invalid='ignore'):
            mean = _scaled(_nan_median(moved))
    return mean


def _first_image(shown: np.ndarray, fewest: int) -> int:
    """Number of an image with many classes (N, C) from which most images can be reached."""
    left = shown.sum(axis=1) >= fewest
    first, most = 0, 0
    for _ in range(MOST_STARTS):
        if most >= left.sum():
            break
        start = int(np.where(left, shown.sum(axis=1), 0).argmax())
        known, reached = shown[start], np.zeros(len(shown), bool)
        while True:
            now = (shown & known).sum(axis=1) >= fewest
            if (now == reached).all():
                break
            reached, known = now, known | shown[now].any(axis=0)
        if reached.sum() > most:
            first, most = start, int(reached.sum())
        left &= ~reached
    return first


def align(
    mean: np.ndarray, centroids: np.ndarray, mirror: bool, fewest: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Move images onto a mean shape, with less weight on classes that do not agree.

    Args:
        mean: (C, 2) as :func:`mean_shape` gives it.
        centroids: (N, C, 2) x and y, float64, NaN for a class that an image does not show.
        mirror: Also mirror images where they agree better that way.
        fewest: Classes that an image shares with the mean, in places of their own, at least; 2 or
            more.

    Returns:
        Matrices (N, 2, 3) from images to the mean, NaN for an image that shares too few classes
        with it or whose classes nearly all have one place, and which of them mirror (N,).
    """
    known = np.isfinite(mean).all(axis=1)
    matrices, mirrored = np.full((len(centroids), 2, 3), np.nan), np.zeros(len(centroids), bool)
    rows = np.flatnonzero((apart(centroids) & known).sum(axis=1) >= fewest)
    if not len(rows):
        return matrices, mirrored
    own = centroids[rows]
    template = torch.from_numpy(np.nan_to_num(mean)).float()
    weights = torch.from_numpy(np.isfinite(own).all(axis=2) & known).float()
    # in units of about one, whatever the size of the images
    middle = np.nanmean(own, axis=1, keepdims=True)
    spread = np.nanstd(own - middle, axis=(1, 2), keepdims=True)
    points = torch.from_numpy(np.nan_to_num((own - middle) / spread)).float()
    fit = fit_either_side(template, points, weights, mirror)
    found = fit.matrices.double().numpy()
    sound = np.hypot(found[:, 0, 0], found[:, 1, 0]) > LEAST_SCALE
    found *= spread
    found[:, :, 2] += middle[:, 0]
    if sound.any():
        matrices[rows[sound]] = np.stack([inverse(matrix) for matrix in found[sound]])
        mirrored[rows[sound]] = fit.mirrored.numpy()[sound]
    return matrices, mirrored


def apart(centroids: np.ndarray) -> np.ndarray:
    """Tell which classes have a place of their own: of several in one place, one has.

    Args:
        centroids: (N, C, 2) x and y, NaN for a class that an image does not show.

    Returns:
        (N, C) bool.

    >>> apart(np.array([[[1.0, 2], [3, 4], [1, 2], [np.nan, np.nan]]])).tolist()
    [[True, True, False, False]]
    """
    shown = np.isfinite(centroids).all(axis=2)
    places = np.where(shown, centroids[..., 0] + 1j * centroids[..., 1], np.inf)
    order = places.argsort(axis=1, kind='stable')
    ordered = np.take_along_axis(places, order, axis=1)
    first = np.ones(shown.shape, bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    found = np.empty_like(first)
    np.put_along_axis(found, order, first, axis=1)
    return found & shown


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _scaled(points: np.ndarray) -> np.ndarray:
    """Centre points, (C, 2) with NaN, and bring their spread to 1."""
    points = points - np.nanmean(points, axis=0)
    scaled: np.ndarray = points / np.nanstd(points)
    return scaled


def _nan_median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without NaN; NaN where there is nothing else."""
    return np.ma.median(np.ma.masked_invalid(values), axis=0).filled(np.nan)
