"""Packed label maps: one integer per pixel, bit c set where class c is present.

A packed map holds overlapping masks of up to 31 classes in one int32 array of shape (H, W).
More classes need several planes on the last axis, (H, W, P): class c is bit ``c % 31`` of plane
``c // 31``. Bit 31, the sign, means "ignore this pixel" and is set in every plane.

NumPy maps carry their planes last, as images do; tensors carry them first, as batches do, and
always have the plane axis: (P, H, W), or (N, P, H, W) for a batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import HandboneError, counted

if TYPE_CHECKING:
    import torch

CLASSES_PER_PLANE = 31
IGNORE_BIT = -(2**31)


def num_planes(num_classes: int) -> int:
    """Count the planes that hold a number of classes.

    Args:
        num_classes: Number of classes, at least 1.

    Returns:
        ``ceil(num_classes / 31)``.

    Raises:
        HandboneError: If the number is below 1.
    """
    if num_classes < 1:
        raise HandboneError(f'A packed map needs at least 1 class, got num_classes={num_classes}.')
    return -(-num_classes // CLASSES_PER_PLANE)


def empty(height: int, width: int, num_classes: int) -> np.ndarray:
    """Make a packed map in which every pixel is background.

    Args:
        height: Rows of the map.
        width: Columns of the map.
        num_classes: Number of classes, at least 1.

    Returns:
        Zeros, int32, (H, W) for up to 31 classes, else (H, W, P).
    """
    planes = num_planes(num_classes)
    shape = (height, width) if planes == 1 else (height, width, planes)
    return np.zeros(shape, np.int32)


def planes_of(packed: np.ndarray) -> Iterator[np.ndarray]:
    """Iterate over the planes of a packed map.

    Args:
        packed: Packed map, int32, (H, W) or (H, W, P).

    Yields:
        Views of shape (H, W).

    Raises:
        HandboneError: If the array is not a packed map.
    """
    if packed.dtype != np.int32 or packed.ndim not in (2, 3):
        raise HandboneError(
            'A packed map is an int32 array of shape (H, W) or (H, W, P), '
            f'got {packed.dtype} of shape {packed.shape}.'
        )
    if packed.ndim == 2:
        yield packed
    else:
        for plane in range(packed.shape[2]):
            yield packed[:, :, plane]


def check_planes(packed: np.ndarray, num_classes: int) -> None:
    """Check that an array is a packed map with room for a number of classes.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes.

    Raises:
        HandboneError: If it is not a packed map, or if it has the wrong number of planes for
            the classes.
    """
    planes = sum(1 for _ in planes_of(packed))
    if planes != num_planes(num_classes):
        raise HandboneError(
            f'{counted(num_classes, "class needs", "classes need")} '
            f'{counted(num_planes(num_classes), "plane")}, '
            f'got a packed map of shape {packed.shape}.'
        )


def pack(masks: np.ndarray, ignore: np.ndarray | None = None) -> np.ndarray:
    """Pack one mask per class into a packed map.

    Args:
        masks: (C, H, W), bool, or any other type where nonzero means that the class is present.
        ignore: (H, W), true where the pixel is to be ignored.

    Returns:
        Packed map, int32, (H, W) or (H, W, P).

    Raises:
        HandboneError: If the masks have another number of axes.

    >>> import numpy as np
    >>> pack(np.array([[[1, 0]], [[1, 1]]]))
    array([[3, 2]], dtype=int32)
    """
    masks = np.asarray(masks)
    if masks.ndim != 3:
        raise HandboneError(f'Masks to pack need the shape (C, H, W), got {masks.shape}.')
    num_classes, height, width = masks.shape
    packed = empty(height, width, num_classes)
    for index, mask in enumerate(masks):
        add_to_class(packed, index, mask)
    if ignore is not None:
        packed[np.asarray(ignore, bool)] |= np.int32(IGNORE_BIT)
    return packed


def unpack(packed: np.ndarray, num_classes: int) -> np.ndarray:
    """Unpack a packed map into one mask per class, for tests and exports.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes C.

    Returns:
        Bool array (C, H, W). Ignored pixels belong to no class.

    >>> import numpy as np
    >>> unpack(np.array([[3, 2]], np.int32), 2).astype(int).tolist()
    [[[1, 0]], [[1, 1]]]
    """
    check_planes(packed, num_classes)
    seen = ~ignore_mask(packed)
    masks = np.empty((num_classes, *packed.shape[:2]), bool)
    for index in range(num_classes):
        np.logical_and(class_mask(packed, index), seen, out=masks[index])
    return masks


def class_mask(packed: np.ndarray, class_index: int) -> np.ndarray:
    """Read the mask of one class as it is stored, including ignored pixels.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        class_index: Index of the class, from 0.

    Returns:
        Bool array (H, W).
    """
    plane, bit = divmod(class_index, CLASSES_PER_PLANE)
    return (list(planes_of(packed))[plane] & np.int32(1 << bit)) != 0


def add_to_class(packed: np.ndarray, class_index: int, mask: np.ndarray) -> None:
    """Add pixels to a class of a packed map, in place.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        class_index: Index of the class, from 0.
        mask: (H, W), not 0 where the class is.
    """
    plane, bit = divmod(class_index, CLASSES_PER_PLANE)
    drawn = list(planes_of(packed))[plane]
    drawn |= (mask != 0).astype(np.int32) << bit


def ignore_mask(packed: np.ndarray) -> np.ndarray:
    """Read which pixels are to be ignored.

    Args:
        packed: Packed map, (H, W) or (H, W, P).

    Returns:
        Bool array (H, W).
    """
    return next(planes_of(packed)) < 0


def planes_first(packed: np.ndarray) -> torch.Tensor:
    """Turn a NumPy packed map into the tensor that models take.

    Args:
        packed: Packed map, (H, W) or (H, W, P).

    Returns:
        Contiguous int32 tensor (P, H, W). It shares memory with a contiguous (H, W) map.
    """
    import torch  # takes seconds, and counting, drawing and encoding do without it

    planes = [np.ascontiguousarray(plane) for plane in planes_of(packed)]
    stacked = planes[0][None] if len(planes) == 1 else np.stack(planes)
    return torch.from_numpy(stacked)


def planes_last(packed: torch.Tensor) -> np.ndarray:
    """Turn a packed tensor into a NumPy packed map.

    Args:
        packed: Int32 tensor (P, H, W), on any device.

    Returns:
        Packed map, (H, W) if P is 1, else contiguous (H, W, P).
    """
    array = packed.detach().cpu().numpy()
    return array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0))


def class_bits(packed: torch.Tensor, class_index: int) -> torch.Tensor:
    """Read the masks of one class in a batch as they are stored, including ignored pixels.

    Args:
        packed: Int32 tensor (N, P, H, W).
        class_index: Index of the class, from 0.

    Returns:
        Bool tensor (N, H, W).
    """
    plane, bit = divmod(class_index, CLASSES_PER_PLANE)
    return (packed[:, plane] & (1 << bit)) != 0


def class_target(packed: torch.Tensor, class_index: int, dtype: torch.dtype) -> torch.Tensor:
    """Read the masks of one class in a batch as numbers, including ignored pixels.

    Args:
        packed: Int32 tensor (N, P, H, W).
        class_index: Index of the class, from 0.
        dtype: Floating-point type of the result.

    Returns:
        Tensor (N, H, W), 1 where the class is present and 0 elsewhere.
    """
    plane, bit = divmod(class_index, CLASSES_PER_PLANE)
    # on a CPU, integers become floating point several times as fast as booleans do
    return (packed[:, plane] >> bit).bitwise_and_(1).to(dtype)


def ignore_bits(packed: torch.Tensor) -> torch.Tensor:
    """Read which pixels of a batch are to be ignored.

    Args:
        packed: Int32 tensor (N, P, H, W).

    Returns:
        Bool tensor (N, H, W).
    """
    return packed[:, 0] < 0
