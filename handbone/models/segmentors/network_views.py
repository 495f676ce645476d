"""What the networks of a cascade see: views normalised as each of them was trained."""

import math
from typing import Any

import torch
from torch import Tensor

from handbone.masks import scaling
from handbone.regions.block_means import block_means

from ..data_preprocessors.ranks import RankDataPreProcessor


def normalised(preprocessor: Any, images: Tensor, content: Tensor | None) -> Tensor:
    """Normalise grey values as the data preprocessor of a network does.

    Args:
        preprocessor: The data preprocessor.
        images: ``(N, channels, H, W)`` grey values.
        content: ``(2,)``, height and width without padding; None if there is none.

    Returns:
        Images of the same shape.
    """
    if isinstance(preprocessor, RankDataPreProcessor):
        return preprocessor.normalise(images, content)
    if getattr(preprocessor, '_enable_normalize', False):
        return (images - preprocessor.mean) / preprocessor.std
    return images


def shrunken(segmentor: Any, images: Tensor, content: Tensor, shrink: int) -> Tensor:
    """Show whole images to a segmentor, averaged over blocks of pixels.

    Args:
        segmentor: The segmentor, whose data preprocessor normalises.
        images: ``(N, channels, H, W)`` grey values, padded.
        content: ``(2,)``, height and width of the images without their padding.
        shrink: Side of the blocks.

    Returns:
        ``(N, channels, H / shrink, W / shrink)``, 0 in the padding.
    """
    # nothing is padded, so every block counts as a whole
    if not torch.compiler.is_compiling() and tuple(images.shape[2:]) == tuple(content.tolist()):
        coarse = block_means(images.float(), shrink)
        return normalised(segmentor.data_preprocessor, coarse, content / shrink)
    # which pixels are in the image, and what share of the pixels of a block: rows times columns
    down, across = (
        (torch.arange(length, device=images.device) < side).float()
        for length, side in zip(images.shape[2:], content, strict=True)
    )
    of_rows, of_columns = (each.unflatten(0, (-1, shrink)).mean(1) for each in (down, across))
    shares = of_rows[:, None] * of_columns
    coarse = block_means(images.float() * down[:, None] * across, shrink) / shares.clamp_min(1e-6)
    return normalised(segmentor.data_preprocessor, coarse, content / shrink) * (shares > 0)


def divisor_of(segmentor: Any) -> int:
    """Find what the sides of a segmentor's images are multiples of.

    Args:
        segmentor: The segmentor, with a data preprocessor.

    Returns:
        The divisor in prediction, 1 if any size is possible.
    """
    settings = getattr(segmentor.data_preprocessor, 'test_cfg', None) or {}
    size = settings.get('size')
    if size is not None:
        return math.gcd(*((size, size) if isinstance(size, int) else size))
    return settings.get('size_divisor') or 1


def resize_of(meta: dict) -> Any:
    """Build the matrix from the original image to what the pipeline made of it.

    Args:
        meta: Meta information of the image.

    Returns:
        (2, 3) float64.
    """
    if 'frame_matrix' in meta and meta['frame_matrix'][0] is not None:
        return meta['frame_matrix'][0]
    (height, width), original = meta['img_shape'][:2], meta['ori_shape'][:2]
    return scaling(width / original[1], height / original[0])
