"""Images made smaller by whole factors."""

import cv2
import numpy as np


def area_average(image: np.ndarray, reduce: int) -> np.ndarray:
    """Average blocks of pixels.

    Block (i, j) covers the rows from ``i * reduce`` and the columns from ``j * reduce``. Blocks at
    the bottom and the right may be smaller, and are averaged over the pixels they have. A part of
    an image that begins at a multiple of ``reduce`` gives the same values as the whole.

    Args:
        image: (H, W, channels) uint8.
        reduce: Side of a block in pixels, at least 1.

    Returns:
        (ceil(H / reduce), ceil(W / reduce), channels) uint8; the image itself if ``reduce`` is 1.

    >>> area_average(np.array([[[0], [2], [9]], [[4], [6], [9]]], np.uint8), 2)[..., 0].tolist()
    [[3, 9]]
    """
    if reduce == 1:
        return image
    height, width = image.shape[:2]
    averaged = np.empty((-(-height // reduce), -(-width // reduce), image.shape[2]), np.uint8)
    for rows, low_rows in _parts(height, reduce):
        for columns, low_columns in _parts(width, reduce):
            size = (low_columns.stop - low_columns.start, low_rows.stop - low_rows.start)
            part = cv2.resize(image[rows, columns], size, interpolation=cv2.INTER_AREA)
            averaged[low_rows, low_columns] = part.reshape(*size[::-1], -1)
    return averaged


def _parts(length: int, reduce: int) -> list[tuple[slice, slice]]:
    """Cut an axis into its whole blocks and the smaller one at its end, before and after."""
    whole, rest = divmod(length, reduce)
    parts = [(slice(0, whole * reduce), slice(0, whole))] if whole else []
    return parts + ([(slice(whole * reduce, length), slice(whole, whole + 1))] if rest else [])
