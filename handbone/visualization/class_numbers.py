"""Numbers of the classes in a picture, each placed inside its own mask."""

from collections.abc import Mapping

import cv2
import numpy as np

from .outlines import fill_mask
from .text import Text, draw_texts


def draw_numbers(picture: np.ndarray, outlines: Mapping[int, list[np.ndarray]]) -> np.ndarray:
    """Write the number of each class, counting from 1, into its mask.

    Small masks choose their places first. The number of a larger mask avoids the smaller masks if
    there is room elsewhere, and otherwise the numbers that are already there.

    Args:
        picture: RGB, uint8 (H, W, 3).
        outlines: Outlines of each class, as :func:`handbone.visualization.outlines.trace_classes`
            gives them.

    Returns:
        New picture.
    """
    size = max(9, round(max(picture.shape[:2]) / 78))
    free_of_masks = np.ones(picture.shape[:2], np.uint8)
    free_of_numbers = np.ones(picture.shape[:2], np.uint8)
    areas = {
        index: sum(cv2.contourArea(contour) for contour in contours)
        for index, contours in outlines.items()
    }
    texts = []
    for index in sorted(areas, key=areas.__getitem__):
        box, mask = fill_mask(outlines[index], *picture.shape[:2])
        x, y, depth = _deepest_point(mask & free_of_masks[box])
        if depth < 0.6 * size:
            x, y, depth = _deepest_point(mask & free_of_numbers[box])
        if depth == 0:
            x, y, depth = _deepest_point(mask)
        free_of_masks[box] &= 1 - mask
        x, y = x + box[1].start, y + box[0].start
        corner = np.array([0.7 * size, 0.6 * size]).round().astype(int)
        first, last = (x - corner[0], y - corner[1]), (x + corner[0], y + corner[1])
        cv2.rectangle(free_of_numbers, first, last, 0, cv2.FILLED)
        texts.append(Text(str(index + 1), x, y, size, anchor='mm', halo=2))
    return draw_texts(picture, texts)


def _deepest_point(mask: np.ndarray) -> tuple[int, int, float]:
    """Find the point farthest from the edge of a mask: x, y and the distance."""
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return int(column) - 1, int(row) - 1, float(depth[row, column])
