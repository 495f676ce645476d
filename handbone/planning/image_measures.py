"""What is measured of one image and its labels."""

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from handbone.datasets.known_classes import Unknown
from handbone.datasets.known_labels import known_map
from handbone.datasets.labels import Labels
from handbone.masks import empty, overlapping_pairs, regions
from handbone.masks.packed import planes_of

#: Grey values are counted in every fourth row and column.
STEP = 4
#: An image has colours if the channels of this share of its pixels differ by more than so many grey
#: values; scanners and compression tint grey images by less.
COLOURED_SHARE, TINT = 0.01, 20


class ClassInImage(NamedTuple):
    """One class in one image.

    Attributes:
        area: Share of the pixels.
        thickness: Width of its parts in pixels, as :func:`_thickness` defines it.
        offset: How far its centre is right of the image's, as a share of the width.
    """

    area: float
    thickness: float
    offset: float


class ImageMeasures(NamedTuple):
    """One image.

    Attributes:
        histogram: How often each grey value occurs, in all channels, (256,).
        classes: The classes in it, by index.
        labelled: Number of pixels with any class.
        shared: Number of pixels with several classes.
        pairs: Indices of the classes that overlap.
        box: Left, top, right and bottom of all classes as shares of width and height; None without
            labels.
        color: Whether it has colours.
    """

    histogram: np.ndarray
    classes: Mapping[int, ClassInImage]
    labelled: int
    shared: int
    pairs: tuple[tuple[int, int], ...]
    box: tuple[float, float, float, float] | None
    color: bool


def measure_image(
    image: np.ndarray, labels: Labels | None, num_classes: int, unknown: Unknown | None = None
) -> ImageMeasures:
    """Measure an image.

    Args:
        image: Values 0 to 255, (H, W) or (H, W, 3).
        labels: Its labels; None without.
        num_classes: Number of classes.
        unknown: What is unknown in it; labels of a class there do not count.

    Returns:
        Its measures.
    """
    height, width = image.shape[:2]
    grey = np.clip(image[::STEP, ::STEP], 0, 255).astype(np.uint8)
    histogram = np.bincount(grey.ravel(), minlength=256)
    packed = (
        empty(height, width, num_classes)
        if labels is None
        else known_map(labels, unknown, height, width, num_classes)
    )
    classes = {}
    corners = []
    for region in regions(packed, num_classes):
        rows, columns = region.mask.shape
        area = int(region.mask.sum())
        centre = region.left + region.mask.sum(axis=0) @ np.arange(columns) / area + 0.5
        classes[region.class_index] = ClassInImage(
            area / (height * width), _thickness(region.mask), centre / width - 0.5
        )
        corners.append((region.left, region.top, region.left + columns, region.top + rows))
    box = None
    if corners:
        found = np.array(corners)
        low, high = found[:, :2].min(axis=0), found[:, 2:].max(axis=0)
        box = (low[0] / width, low[1] / height, high[0] / width, high[1] / height)
    labelled, shared = _counts(packed)
    pairs = overlapping_pairs(packed, num_classes).tolist() if shared else []
    return ImageMeasures(
        histogram,
        classes,
        labelled,
        shared,
        tuple((one, other) for one, other in pairs),
        box,
        grey.ndim == 3 and float((np.ptp(grey, axis=2) > TINT).mean()) >= COLOURED_SHARE,
    )


def _thickness(mask: np.ndarray) -> float:
    """Measure the width of a mask, bool (h, w): four times the mean distance to its outline.

    That is the width of a long strip, and two thirds of the diameter of a disc.
    """
    padded = np.pad(mask.view(np.uint8), 1)
    # distances are to centres of pixels outside, half a pixel beyond the outline
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[padded > 0] - 0.5
    return 4 * float(distances.mean())


def _counts(packed: np.ndarray) -> tuple[int, int]:
    """Count the pixels with any class and with several."""
    number = np.zeros(packed.shape[:2], np.uint8)
    for plane in planes_of(packed):
        # the sign is that of ignored pixels, which have no class
        number += np.bitwise_count(np.where(plane < 0, 0, plane))
    return int((number > 0).sum()), int((number > 1).sum())
