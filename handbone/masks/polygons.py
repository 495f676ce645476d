"""Polygons to packed label maps and back."""

from collections.abc import Sequence

import cv2
import numpy as np

from .packed import CLASSES_PER_PLANE, class_mask, empty, ignore_mask, planes_of


def rasterize(
    polygons: Sequence[tuple[int, np.ndarray]],
    height: int,
    width: int,
    num_classes: int,
    scale: float | tuple[float, float] = 1.0,
) -> np.ndarray:
    """Draw polygons into a packed map.

    Args:
        polygons: Pairs of a class index and points (n, 2) as x, y.
        height: Rows of the output map.
        width: Columns of the output map.
        num_classes: Number of classes.
        scale: Output pixels per input pixel, one number or (x, y).

    Returns:
        Packed map of shape (height, width) or (height, width, P).
    """
    scale = np.broadcast_to(np.asarray(scale, np.float64), 2)
    packed = empty(height, width, num_classes)
    planes = list(planes_of(packed))
    for class_index, points in polygons:
        points = (np.asarray(points, np.float64).reshape(-1, 2) + 0.5) * scale - 0.5
        plane, bit = divmod(class_index, CLASSES_PER_PLANE)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 1, shift=4)
        planes[plane] |= mask.astype(np.int32) << bit
    return packed


def to_polygons(packed: np.ndarray, num_classes: int) -> list[tuple[int, np.ndarray]]:
    """Trace the outer contours of every class.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.

    Returns:
        Pairs of a class index and points (n, 2) as x, y.
    """
    seen = ~ignore_mask(packed)
    polygons = []
    for class_index in range(num_classes):
        mask = (class_mask(packed, class_index) & seen).view(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        polygons += [(class_index, contour[:, 0]) for contour in contours]
    return polygons
