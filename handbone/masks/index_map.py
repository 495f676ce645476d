"""Packed maps of classes that exclude each other, and maps with one class number per pixel."""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from .packed import CLASSES_PER_PLANE, IGNORE_BIT, ignore_bits

#: All classes of a plane.
CLASS_BITS = 2**CLASSES_PER_PLANE - 1


def first_class_only(packed: Tensor) -> Tensor:
    """Leave each pixel the first of its classes.

    Args:
        packed: Int32 tensor (N, P, H, W).

    Returns:
        The same shape, with at most one bit per pixel beside the ignore bit.

    >>> first_class_only(torch.tensor([[[[6, 1]]]], dtype=torch.int32)).tolist()
    [[[[2, 1]]]]
    """
    codes = packed & CLASS_BITS
    first = codes & -codes
    free = torch.ones_like(first[:, 0], dtype=torch.bool)
    for plane in first.unbind(dim=1):
        plane.masked_fill_(~free, 0)
        free &= plane == 0
    return first | (packed & IGNORE_BIT)


def joined_labels(maps: Sequence[Tensor], exclusive: bool) -> Tensor:
    """Give each pixel the classes that it has in any of several maps.

    Args:
        maps: Int32 tensors (P, H, W).
        exclusive: A pixel has the first of its classes only.

    Returns:
        The same shape.
    """
    joined = reduce(torch.bitwise_or, maps)
    return first_class_only(joined[None])[0] if exclusive else joined


def index_map(packed: Tensor, ignore_index: int = 255) -> Tensor:
    """Turn packed labels into class numbers, as the losses of mmseg take them.

    Args:
        packed: Int32 tensor (N, P, H, W). Of several classes of a pixel the first one counts.
        ignore_index: Number of the pixels to ignore.

    Returns:
        Int64 tensor (N, H, W): 0 for background, class c as ``c + 1``.

    >>> index_map(torch.tensor([[[[0, 1, 4, -1]]]], dtype=torch.int32)).tolist()
    [[[0, 1, 3, 255]]]
    """
    codes = packed & CLASS_BITS
    first = codes & -codes
    numbers = torch.zeros_like(codes[:, 0], dtype=torch.int64)
    for plane in reversed(range(packed.shape[1])):
        # a power of two and its exponent are exact in floating point
        exponent = torch.frexp(first[:, plane].float()).exponent
        number = exponent.long() + plane * CLASSES_PER_PLANE
        numbers = torch.where(exponent > 0, number, numbers)
    return numbers.masked_fill_(ignore_bits(packed), ignore_index)


def overlapping(packed: Tensor) -> Tensor:
    """Find the pixels that belong to several classes.

    Args:
        packed: Int32 tensor (N, P, H, W).

    Returns:
        Bool tensor (N, H, W); ignored pixels are none of them.
    """
    codes = packed & CLASS_BITS
    several = (codes & (codes - 1) != 0).any(dim=1) | ((codes != 0).sum(dim=1) > 1)
    return several & ~ignore_bits(packed)


def undecided(packed: Tensor, unknown: Tensor) -> Tensor:
    """Find the pixels of which nobody has said which of several exclusive classes they have.

    Args:
        packed: Int32 tensor (N, P, H, W).
        unknown: Unknown bits, the same shape.

    Returns:
        Bool tensor (N, H, W): pixels without a class in which one is unknown. Of the others, a
        known class says that they have no further one.
    """
    return ~(packed & CLASS_BITS).any(dim=1) & (unknown & CLASS_BITS).any(dim=1)
