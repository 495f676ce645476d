"""Polygons to packed label maps.

Points are x, y in the pixel-centre convention of OpenCV and of annotation tools: (0, 0) is the
centre of the first pixel, and a polygon covers the pixels under its outline and those inside it.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from handbone.errors import HandboneError, counted

from .packed import CLASSES_PER_PLANE, empty, planes_of

#: Fractional bits of the coordinates passed to OpenCV.
FRACTION_BITS = 8
#: Polygons are clipped this many drawn pixels outside the frame, too far to affect what is inside.
MARGIN = 256


def rasterize(
    polygons: Sequence[tuple[int, np.ndarray]],
    height: int,
    width: int,
    num_classes: int,
    scale: float | tuple[float, float] = 1.0,
) -> np.ndarray:
    """Draw polygons into a packed map.

    Scaling maps pixel centres as image resizing does, ``x' = (x + 0.5) * scale - 0.5``. At scale 1
    the result equals ``cv2.fillPoly`` on each class. At smaller scales, polygons are drawn at about
    their own resolution and sampled at the centres of the output pixels: drawing them at the small
    size would widen every mask by the half output pixel that OpenCV adds around an outline.

    Args:
        polygons: Pairs of a class index and points (n, 2) as x, y, of any real type. Several
            polygons of a class are united; a polygon that crosses itself is filled by the even-odd
            rule. Parts outside the frame are cut off.
        height: Rows of the output map.
        width: Columns of the output map.
        num_classes: Number of classes.
        scale: Output pixels per input pixel, one number or (x, y), above 0.

    Returns:
        Packed map, int32, (height, width) for up to 31 classes, else (height, width, P).

    Raises:
        HandboneError: If a class index is out of range, points have a wrong shape or are not
            finite, or the scale is not positive.

    >>> rasterize([(0, [[0, 0], [1, 0], [1, 1]]), (1, [[1, 1], [2, 1], [2, 1]])], 2, 3, 2)
    array([[1, 1, 0],
           [0, 3, 2]], dtype=int32)
    """
    scales = np.broadcast_to(np.asarray(scale, np.float64), 2)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        raise HandboneError(f'The scale of polygons must be above 0, got {scale}.')
    packed = empty(height, width, num_classes)
    planes = list(planes_of(packed))
    oversampling = (_oversampling(float(scales[0])), _oversampling(float(scales[1])))
    for number, (class_index, points) in enumerate(polygons):
        if not 0 <= class_index < num_classes:
            raise HandboneError(
                f'Polygon {number} has class index {class_index}, '
                f'but there are {counted(num_classes, "class")}.'
            )
        points = _check_points(points, number)
        drawn = (points + 0.5) * (scales * oversampling) - 0.5
        plane, bit = divmod(class_index, CLASSES_PER_PLANE)
        _draw(planes[plane], drawn, oversampling, 1 << bit)
    return packed


def _oversampling(scale: float) -> int:
    """Choose the odd number of drawn pixels per output pixel that is closest to input pixels.

    It is odd so that one of the drawn pixels lies at the centre of the output pixel.
    """
    lower = max(1, (int(1 / scale) - 1) // 2 * 2 + 1)
    return min((lower, lower + 2), key=lambda factor: abs(1 / (factor * scale) - 1))


def _check_points(points: np.ndarray, number: int) -> np.ndarray:
    """Check the points of one polygon and convert them to float64 (n, 2)."""
    points = np.asarray(points, np.float64)
    if points.size == 0:
        return points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise HandboneError(f'Polygon {number} needs points of shape (n, 2), got {points.shape}.')
    if not np.isfinite(points).all():
        raise HandboneError(f'Polygon {number} has a coordinate that is not a finite number.')
    return points


def _draw(plane: np.ndarray, points: np.ndarray, factors: tuple[int, int], bit: int) -> None:
    """Draw one polygon in its own box and add its bit to a plane.

    Args:
        plane: int32 (H, W), changed in place.
        points: (n, 2) in drawn pixels.
        factors: Drawn pixels per output pixel in x and y, odd.
        bit: Value to add.
    """
    height, width = plane.shape
    limits = (width * factors[0] + MARGIN, height * factors[1] + MARGIN)
    if len(points) and (points.min() < -MARGIN or (points > limits).any()):
        for axis in (0, 1):
            points = _clip(points, axis, -MARGIN, limits[axis])
    if not len(points):
        return
    # The box contains the whole polygon, because clipping by OpenCV would bend outlines inside it.
    left, top = map(math.floor, points.min(axis=0).tolist())
    right, bottom = map(math.ceil, points.max(axis=0).tolist())
    columns, sampled_columns = _sampled(left, right, factors[0], width)
    rows, sampled_rows = _sampled(top, bottom, factors[1], height)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    box = np.zeros((bottom - top + 1, right - left + 1), np.int32)
    fixed_point = np.rint((points - (left, top)) * (1 << FRACTION_BITS)).astype(np.int32)
    cv2.fillPoly(box, [fixed_point], bit, shift=FRACTION_BITS)
    region = plane[rows, columns]
    region |= box[sampled_rows, sampled_columns]


def _clip(points: np.ndarray, axis: int, low: float, high: float) -> np.ndarray:
    """Clip a polygon at two lines across an axis (Sutherland and Hodgman, 1974)."""
    for bound, sign in ((low, 1), (high, -1)):
        inside = (points[:, axis] - bound) * sign >= 0
        if inside.all():
            continue
        following = np.roll(points, -1, axis=0)
        leaves = inside != np.roll(inside, -1)
        run = np.where(leaves, following[:, axis] - points[:, axis], 1)
        share = np.where(leaves, (bound - points[:, axis]) / run, 0)
        crossing = points + share[:, None] * (following - points)
        crossing[:, axis] = bound
        corners = np.stack([points, crossing], axis=1).reshape(-1, 2)
        points = corners[np.stack([inside, leaves], axis=1).ravel()]
    return points


def _sampled(low: int, high: int, factor: int, length: int) -> tuple[slice, slice]:
    """Match output pixels to the drawn pixels at their centres along one axis.

    Args:
        low: First drawn pixel of the box.
        high: Last drawn pixel of the box.
        factor: Drawn pixels per output pixel.
        length: Output pixels of the frame.

    Returns:
        The output pixels, and the drawn pixels within the box that lie at their centres.
    """
    centre = factor // 2
    first = max(0, -((centre - low) // factor))
    last = min(length - 1, (high - centre) // factor)
    start = first * factor + centre - low
    return slice(first, last + 1), slice(start, start + (last - first) * factor + 1, factor)
