"""Where a packed map changes: the outlines of all classes at once."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .packed import ignore_bits

# Neighbours of a pixel to the right, below and on the two diagonals; the other four are covered
# by the symmetry of the comparison.
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


def boundary_pixels(packed: Tensor, unknown: Tensor | None = None) -> Tensor:
    """Find the pixels that have a neighbour with a different code.

    Whole codes are compared, so the outline of a class inside another class counts too. The border
    of the image is not a boundary, and neither is contact with an ignored pixel.

    Args:
        packed: Packed labels, ``(N, P, H, W)`` int32.
        unknown: Unknown bits of the same shape; such classes make no boundary. ``None`` if nothing
            is unknown.

    Returns:
        ``(N, 1, H, W)`` bool. Boundaries are two pixels wide, one on each side.
    """
    seen = ~ignore_bits(packed)
    boundary = torch.zeros_like(seen)
    for down, right in NEIGHBOURS:
        here = (..., slice(0, -down or None), slice(max(0, -right), -right if right > 0 else None))
        there = (..., slice(down, None), slice(max(0, right), right if right < 0 else None))
        changed = packed[here] ^ packed[there]
        if unknown is not None:
            changed &= ~(unknown[here] | unknown[there])
        differs = (changed != 0).any(1) & seen[here] & seen[there]
        boundary[here] |= differs
        boundary[there] |= differs
    return boundary[:, None]


def boundary_unknown(boundary: Tensor, unknown: Tensor) -> Tensor:
    """Find the pixels that may be a boundary of a class that is unknown there or beside them.

    Args:
        boundary: What :func:`boundary_pixels` found, ``(N, 1, H, W)`` bool.
        unknown: Unknown bits, ``(N, P, H, W)`` int32.

    Returns:
        ``(N, 1, H, W)`` bool; False where there is a boundary anyway.
    """
    some = (unknown != 0).any(1, keepdim=True).float()
    return (F.max_pool2d(some, 3, 1, 1) > 0) & ~boundary
