"""From full-size logits to the classes of a pixel: every class above its threshold, or the best.

Full-size logits arrive in blocks of one class, so that no code holds them for all classes. The best
class of a pixel needs one more map, that of the largest logit so far.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from handbone.errors import HandboneError

from .packed import CLASSES_PER_PLANE, num_planes


class UpsampledBlock(NamedTuple):
    """Full-size logits of one class in a part of the image.

    Attributes:
        class_index: The class.
        rows: Rows of the image.
        columns: Columns of the image.
        values: Logits, float (rows, columns).
    """

    class_index: int
    rows: slice
    columns: slice
    values: np.ndarray


class LogitBlock(NamedTuple):
    """The same with a tensor, on the device of the logits."""

    class_index: int
    rows: slice
    columns: slice
    values: Tensor


def decide(
    blocks: Iterable[UpsampledBlock] | Iterable[LogitBlock],
    limits: Sequence[float],
    size: tuple[int, int],
    like: Tensor,
    exclusive: bool = False,
) -> Tensor:
    """Pack the classes that the logits give each pixel.

    Args:
        blocks: Full-size logits, class after class in rising order, as arrays on the CPU and as
            tensors elsewhere. Where a class has no block, its logits are at or under its limit.
        limits: The logit that a class has to exceed, one per class.
        size: Height and width of the map.
        like: The logits that the blocks are made of; their type and device count.
        exclusive: Give each pixel at most one class, that of the largest logit above the limit, the
            first of several equal ones.

    Returns:
        Packed int32 tensor (P, H, W). NaN counts as absent.

    Raises:
        HandboneError: If classes exclude each other and have different limits.
    """
    if exclusive and len(set(limits)) > 1:
        raise HandboneError(
            'Classes that exclude each other have one threshold for all: the class with the '
            'largest logit wins where that exceeds the threshold.'
        )
    shape = num_planes(len(limits)), *size
    if like.device.type == 'cpu':  # NumPy takes half the time for blocks of this size
        planes = np.zeros(shape, np.int32)
        dtype = np.float64 if like.dtype == torch.float64 else np.float32
        largest = np.full(size, limits[0], dtype) if exclusive else None
        _decide_numpy(blocks, limits, planes, largest)
        return torch.from_numpy(planes)
    packed = torch.zeros(shape, dtype=torch.int32, device=like.device)
    _decide_torch(blocks, limits, packed, _largest_so_far(limits[0], size, like, exclusive))
    return packed


def _largest_so_far(
    limit: float, size: tuple[int, int], like: Tensor, exclusive: bool
) -> Tensor | None:
    """Make the map of the largest logits; blocks of half types are computed as float32."""
    if not exclusive:
        return None
    return like.new_full(size, limit, dtype=torch.promote_types(like.dtype, torch.float32))


def _decide_numpy(
    blocks: Iterable, limits: Sequence[float], packed: np.ndarray, best: np.ndarray | None
) -> None:
    """Draw the classes into (P, H, W); ``best`` (H, W) is the largest logit so far, or None."""
    for index, rows, columns, values in blocks:
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        if best is None:
            region = packed[plane, rows, columns]
            region |= (values > limits[index]).astype(np.int32) << bit
            continue
        largest = best[rows, columns]
        better = values > largest
        np.fmax(largest, values, out=largest)  # not NaN
        for each, former in enumerate(packed):
            code = 1 << bit if each == plane else 0
            np.copyto(former[rows, columns], np.int32(code), where=better)


def _decide_torch(
    blocks: Iterable, limits: Sequence[float], packed: Tensor, best: Tensor | None
) -> None:
    """Do the same as :func:`_decide_numpy` with tensors."""
    for index, rows, columns, values in blocks:
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        if best is None:
            packed[plane, rows, columns] |= (values > limits[index]).int() << bit
            continue
        largest = best[rows, columns]
        better = values > largest
        torch.fmax(largest, values, out=largest)
        for each, former in enumerate(packed):
            former[rows, columns].masked_fill_(better, 1 << bit if each == plane else 0)
