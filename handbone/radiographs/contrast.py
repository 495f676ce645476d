"""Images whose grey values span far less than those of the others."""

import numpy as np
from numpy.typing import ArrayLike

#: Share of the usual range of grey values below which an image has little contrast.
LITTLE_CONTRAST = 0.2


def little_contrast(ranges: ArrayLike) -> np.ndarray:
    """Find the images with little contrast.

    Args:
        ranges: (N,), from the 1st to the 99th percentile of the grey values of each image.

    Returns:
        (N,) bool: whether the range is less than a fifth of the median.
    """
    ranges = np.asarray(ranges, np.float64)
    return ranges < LITTLE_CONTRAST * np.median(ranges) if len(ranges) else ranges.astype(bool)
