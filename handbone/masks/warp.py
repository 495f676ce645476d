"""Affine warping of packed label maps."""

import cv2
import numpy as np

from .packed import planes_of


def warp(packed: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Warp a packed map affinely, each output pixel taking the code of the nearest input pixel.

    The four bytes of a code go through OpenCV as four channels. This gives every class exactly what
    ``cv2.warpAffine`` gives its uint8 mask, which the int32 map itself does not (OpenCV 5 places a
    few pixels of it differently), and it is faster.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        matrix: (2, 3), takes x, y of input pixel centres to those of the output.
        size: Height and width of the output.

    Returns:
        Packed map of that size, int32. Pixels from outside the input are background.
    """
    height, width = size
    warped = []
    for plane in planes_of(packed):
        channels = np.ascontiguousarray(plane).view(np.uint8).reshape(*plane.shape, 4)
        channels = cv2.warpAffine(channels, matrix, (width, height), flags=cv2.INTER_NEAREST)
        warped.append(channels.view(np.int32)[:, :, 0])
    return warped[0] if packed.ndim == 2 else np.stack(warped, axis=-1)
