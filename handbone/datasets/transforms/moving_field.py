"""Move image and labels along a smooth field of displacements."""

import cv2
import numpy as np

from handbone.masks import remap

from .frame_matrix import remember

#: Most pixels between two nodes of a field; between them it is interpolated.
MOST_SPACING = 16
#: Least number of nodes along the longer side.
LEAST_NODES = 96


def spacing(height: int, width: int) -> int:
    """Choose the distance between two nodes, in pixels, for an image of a height and a width."""
    return max(1, min(MOST_SPACING, max(height, width) // LEAST_NODES))


def nodes(height: int, width: int) -> np.ndarray:
    """Place the nodes of a field over an image, one row and column beyond its borders included.

    Args:
        height: Height of the image in pixels.
        width: Width of the image in pixels.

    Returns:
        (rows, columns, 2) float32, x and y of each node in pixels.
    """
    step = spacing(height, width)
    y, x = (
        step * (np.arange(-(-side // step) + 2, dtype=np.float32) - 0.5) - 0.5
        for side in (height, width)
    )
    return np.dstack(np.meshgrid(x, y))


def move_along(results: dict, sources: np.ndarray, pad_val: float = 0) -> None:
    """Move image and labels of a sample, in place.

    The image is interpolated linearly; each label takes the nearest pixel at the same places.

    Args:
        results: The dict of one image.
        sources: (rows, columns, 2) float32: where each of :func:`nodes` comes from.
        pad_val: Grey value of pixels from outside the image; their labels are background.
    """
    height, width = results['img'].shape[:2]
    step = spacing(height, width)
    rows, columns = sources.shape[:2]
    full = cv2.resize(sources, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    places = full[step : step + height, step : step + width]
    for key in results.get('seg_fields', []):
        results[key] = remap(results[key], places)
    # OpenCV takes None for the second map, which its type hints do not say
    results['img'] = cv2.remap(  # type: ignore[call-overload]
        results['img'], places, None, cv2.INTER_LINEAR, borderValue=(pad_val,) * 3
    )
    remember(results, None)
