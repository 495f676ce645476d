"""Grey values of an image: hash, thumbnail and range."""

import hashlib

import cv2
import numpy as np

from .image_record import Pixels

#: Side of a thumbnail.
THUMBNAIL = 32


def grey_image(image: np.ndarray) -> np.ndarray:
    """Turn an image, (H, W) or RGB of any depth, into grey values, uint8 or float32 to 255."""
    if image.ndim == 3:
        image = cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY)
    if image.dtype == np.uint16:
        # its own range, as it is shown; 12 bits in 16 would else be black
        top = max(int(image.max()), 1)
        return image.astype(np.float32) * np.float32(255 / top)
    return image


def thumbnail_of(grey: np.ndarray, side: int = THUMBNAIL) -> np.ndarray:
    """Shrink a whole image to a square.

    Args:
        grey: (H, W), values from 0 to 255.
        side: Side of the square.

    Returns:
        float32 (side, side), not rounded: an image may span few grey values.
    """
    return cv2.resize(grey.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)


def measure_pixels(image: np.ndarray) -> Pixels:
    """Measure an image as it is stored.

    Args:
        image: (H, W) or RGB (H, W, 3), of any depth.

    Returns:
        The measurements.
    """
    digest = hashlib.blake2b(repr((image.shape, image.dtype.str)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    grey = grey_image(image)
    sample = grey[::4, ::4]
    low, middle, high = np.percentile(sample, (1, 50, 99))
    return Pixels(
        digest.digest(),
        thumbnail_of(grey).astype(np.float16),
        image.dtype.itemsize * 8,
        float(low),
        float(high),
        float((sample >= sample.max()).mean()) if sample.max() > sample.min() else 1.0,
        float(middle),
    )
