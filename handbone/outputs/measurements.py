"""What a mask measures, in pixels and in mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np


@dataclass(frozen=True)
class Measurements:
    """Measures of one mask; those in mm are ``None`` where the spacing of pixels is not known.

    Attributes:
        area: Pixels.
        area_mm2: Square mm.
        size: Length and width in pixels, of the smallest rectangle at any angle around the mask.
        size_mm: The same of the smallest rectangle in mm.
        box: Left, top, width and height of the upright box in pixels.
        box_mm: Width and height of the upright box in mm.
        centroid: Mean x and y of the pixels' centres, (0, 0) being the centre of the first pixel.
        centroid_mm: The same in mm.
        parts: Connected parts; pixels that touch at a corner are connected.
    """

    area: int
    area_mm2: float | None
    size: tuple[float, float]
    size_mm: tuple[float, float] | None
    box: tuple[int, int, int, int]
    box_mm: tuple[float, float] | None
    centroid: tuple[float, float]
    centroid_mm: tuple[float, float] | None
    parts: int


def measure(
    mask: np.ndarray, left: int, top: int, spacing: tuple[float, float] | None = None
) -> Measurements:
    """Measure a mask.

    Args:
        mask: Bool array (h, w), contiguous, with a pixel in each of its first and last rows and
            columns.
        left: Column of the image at which the mask begins.
        top: Row of the image at which it begins.
        spacing: Height and width of a pixel in mm.

    Returns:
        The measures.
    """
    pixels = mask.view(np.uint8)
    outlines, _ = cv2.findContours(pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corners = _corners(outlines)
    # of a picture of 0 and 1, the moments without binaryImage are the same and quicker
    moments = cv2.moments(pixels)
    area = round(moments['m00'])
    x, y = left + moments['m10'] / area, top + moments['m01'] / area
    height, width = mask.shape
    measured: dict[str, Any] = {
        'area': area,
        'size': _sides(corners),
        'box': (left, top, width, height),
        'centroid': (x, y),
        # outlines from outside pass over parts that lie in a hole of another one
        'parts': cv2.connectedComponents(pixels, connectivity=8)[0] - 1,
    }
    if spacing is None:
        in_mm: dict[str, Any] = dict.fromkeys(('area_mm2', 'size_mm', 'box_mm', 'centroid_mm'))
    else:
        down, right = (float(each) for each in spacing)
        in_mm = {
            'area_mm2': area * down * right,
            'size_mm': _sides(corners * (right, down)),
            'box_mm': (width * right, height * down),
            'centroid_mm': (x * right, y * down),
        }
    return Measurements(**measured, **in_mm)


def _corners(outlines: Sequence[np.ndarray]) -> np.ndarray:
    """Find the corners of the pixels on the convex hull: float64 (n, 2), x and y."""
    hull = cv2.convexHull(np.concatenate(outlines))[:, 0]
    halves = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])
    return (hull[:, None] + halves).reshape(-1, 2)


def _sides(points: np.ndarray) -> tuple[float, float]:
    """Measure the smallest rectangle around points: its long and its short side."""
    _, sides, _ = cv2.minAreaRect(points.astype(np.float32))
    return max(sides), min(sides)
