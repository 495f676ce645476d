"""Affine warping of packed label maps."""

import cv2
import numpy as np

from .packed import planes_of


def warp(packed: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Warp a packed map affinely; each output pixel takes the code of the nearest input pixel.

    The four bytes of a code go through OpenCV as four channels. Every class then gets exactly what
    ``cv2.warpAffine`` makes of its uint8 mask. The int32 map itself would not: OpenCV 5 samples it
    with coarser coordinates. Four channels are faster, too.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        matrix: (2, 3), maps x, y of input pixel centres to those of the output.
        size: Height and width of the output.

    Returns:
        Packed map of that size, int32. Pixels from outside the input are background.

    Raises:
        HandboneError: The array is not a packed map.

    >>> import numpy as np
    >>> warp(np.array([[1, 2], [4, -1]], np.int32), np.array([[1.0, 0, 1], [0, 1, 0]]), (2, 3))
    array([[ 0,  1,  2],
           [ 0,  4, -1]], dtype=int32)
    """
    height, width = size
    warped = []
    for plane in planes_of(packed):
        channels = np.ascontiguousarray(plane).view(np.uint8).reshape(*plane.shape, 4)
        moved = cv2.warpAffine(channels, matrix, (width, height), flags=cv2.INTER_NEAREST)
        warped.append(moved.view(np.int32)[:, :, 0])
    return warped[0] if packed.ndim == 2 else np.stack(warped, axis=-1)
