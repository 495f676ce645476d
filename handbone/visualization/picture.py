"""Radiographs as 8-bit RGB pictures."""

import cv2
import numpy as np

#: The contrast of a grey image is stretched if its values span less than this, of 255.
NARROW_RANGE = 80


def to_picture(image: np.ndarray, size: int | None = None) -> np.ndarray:
    """Convert an image to 8-bit RGB at the size of a picture.

    Args:
        image: (H, W) or (H, W, 3) RGB; uint8, or uint16 (its range is stretched to 8 bits), or
            float 0 to 255. The contrast of a grey image with hardly any contrast is stretched, as
            viewers of radiographs do.
        size: Longer side in pixels. Default: that of the image.

    Returns:
        New array, uint8 (height, width, 3).
    """
    height, width = image.shape[:2]
    if size is not None and size != max(height, width):
        scale = size / max(height, width)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, shape, interpolation=interpolation)
    if image.dtype == np.uint16:
        image = _stretch(image, image.min(), image.max())
    if image.dtype != np.uint8:
        image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 3:
        return image.copy()
    low, high = np.percentile(image[::4, ::4], (0.5, 99.5))
    if high - low < NARROW_RANGE:
        image = _stretch(image, low, high)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def _stretch(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Spread the values from low to high over 0 to 255; a uniform image stays as it is."""
    if high <= low:
        return np.clip(image, 0, 255).astype(np.uint8)
    spread = (image.astype(np.float32) - low) * (255 / (high - low))
    return np.clip(np.rint(spread), 0, 255).astype(np.uint8)
