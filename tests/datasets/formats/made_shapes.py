"""Masks of simple shapes, as annotation tools draw them."""

import cv2
import numpy as np

SIZE = (20, 28)
TRIANGLE = [[2, 2], [20, 4], [6, 15]]


def drawn(points):
    """A polygon as OpenCV draws it."""
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
    return mask != 0


def boxes(*rectangles):
    mask = np.zeros(SIZE, bool)
    for top, bottom, left, right in rectangles:
        mask[top : bottom + 1, left : right + 1] = True
    return mask
