"""Means over blocks of pixels, in less time than average pooling takes on a CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor


def block_means(images: Tensor, side: int) -> Tensor:
    """Average images over blocks, which do not overlap.

    Args:
        images: ``(N, channels, H, W)``. Where H or W is not a multiple of the side, the last blocks
            are smaller.
        side: Side of the blocks in pixels.

    Returns:
        ``(N, channels, H / side, W / side)``, rounded up.
    """
    if side == 1:
        return images
    whole = images.shape[2] % side == 0 and images.shape[3] % side == 0
    # a graph has an operation for it, and other devices are fast
    if torch.compiler.is_compiling() or images.device.type != 'cpu' or not whole:
        return F.avg_pool2d(images, side, ceil_mode=not whole)
    if side == 2:
        # halfway between two pixels lies their mean
        return F.interpolate(images, scale_factor=0.5, mode='bilinear')
    for axis in (2, 3):
        index: list[slice] = [slice(None)] * 4
        index[axis] = slice(0, None, side)
        total = images[tuple(index)].clone()
        for first in range(1, side):
            index[axis] = slice(first, None, side)
            total += images[tuple(index)]
        images = total
    return images / side**2
