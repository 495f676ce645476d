"""Moving the pixels of packed label maps."""

from collections.abc import Callable

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
    return _channelwise(
        packed,
        lambda channels: cv2.warpAffine(channels, matrix, (width, height), flags=cv2.INTER_NEAREST),
    )


def remap(packed: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Let each output pixel take the code of the input pixel nearest to a place of its own.

    Every class gets exactly what ``cv2.remap`` makes of its uint8 mask.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        sources: (h, w, 2) float32, the place x, y in the input that each output pixel comes from.

    Returns:
        Packed map (h, w) or (h, w, P), int32. Pixels from outside the input are background.

    Raises:
        HandboneError: The array is not a packed map.

    >>> import numpy as np
    >>> places = np.array([[[1, 0], [0, 0], [5, 0]]], np.float32)
    >>> remap(np.array([[3, -1]], np.int32), places)
    array([[-1,  3,  0]], dtype=int32)
    """
    return _channelwise(
        packed,
        # OpenCV takes None for the second map, which its type hints do not say
        lambda channels: cv2.remap(channels, sources, None, cv2.INTER_NEAREST),  # type: ignore[call-overload]
    )


def _channelwise(packed: np.ndarray, move: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Move each plane as four channels of bytes."""
    moved = []
    for plane in planes_of(packed):
        channels = np.ascontiguousarray(plane).view(np.uint8).reshape(*plane.shape, 4)
        moved.append(move(channels).view(np.int32)[:, :, 0])
    return moved[0] if packed.ndim == 2 else np.stack(moved, axis=-1)
