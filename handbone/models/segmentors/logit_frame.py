"""Undoes the padding, flips and swapped sides of a test pipeline in the logits."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.errors import HandboneError

FLIPPED_AXES = {'horizontal': (-1,), 'vertical': (-2,), 'diagonal': (-2, -1)}


def content_size(logits: Tensor, meta: dict) -> tuple[float, float]:
    """Find which part of the logits shows the image and not its padding.

    Args:
        logits: ``(C, h, w)`` over the padded image.
        meta: Meta information with ``img_padding_size`` or ``padding_size`` as (left, right, top,
            bottom) and the padded size as ``pad_shape``; without padding, ``img_shape``.

    Returns:
        Height and width in logit pixels, not necessarily whole.

    Raises:
        HandboneError: If the padding is on the left or at the top.
    """
    padding = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
    left, right, top, bottom = padding
    if left or top:
        raise HandboneError(
            f'{meta.get("img_path", "image")} is padded by {left} pixels on the left and {top} at '
            'the top; pad at the right and the bottom only'
        )
    padded_height, padded_width = (meta.get('pad_shape') or meta['img_shape'])[:2]
    height, width = logits.shape[1:]
    return (
        height * (padded_height - bottom) / padded_height,
        width * (padded_width - right) / padded_width,
    )


def cut_padding(logits: Tensor, content: tuple[float, float]) -> Tensor:
    """Cut the padding off logits.

    Where the content ends inside a logit pixel, the logits are resampled, so that their borders
    coincide with those of the image and views flipped in different directions match.

    Args:
        logits: ``(C, h, w)`` over the padded image.
        content: Height and width of the content in logit pixels.

    Returns:
        ``(C, h', w')``, the content rounded to whole pixels.
    """
    logits = logits[:, : math.ceil(content[0]), : math.ceil(content[1])]
    height, width = (max(1, round(side)) for side in content)
    if (height, width) == tuple(content):
        return logits
    # not F.interpolate, which only copies if rounding does not change the number of pixels
    down, across = (part / whole for part, whole in zip(content, logits.shape[1:], strict=True))
    matrix = [[across, 0.0, across - 1], [0.0, down, down - 1]]
    return sample_affine(logits[None], matrix, (height, width), 'border')[0][0]


def sample_affine(
    batch: Tensor, matrix: Sequence[Sequence[float]], size: Sequence[int], padding: str
) -> tuple[Tensor, Tensor]:
    """Sample maps at places that an affine map gives, computed in float32 at least.

    Mixed precision would round the places by some pixels.

    Args:
        batch: ``(N, C, H, W)``.
        matrix: 2 x 3, from the places in the result, x and y from -1 to 1, to those in the maps.
        size: Height and width of the maps to make.
        padding: How pixels outside of the maps are filled, as for ``F.grid_sample``.

    Returns:
        ``(N, C, h, w)`` and where its pixels come from, ``(N, h, w, 2)`` with x and y from -1 to 1.
    """
    dtype = torch.promote_types(batch.dtype, torch.float32)
    with torch.autocast(batch.device.type, enabled=False):
        theta = torch.tensor(matrix, dtype=dtype, device=batch.device).expand(len(batch), 2, 3)
        grid = F.affine_grid(theta, [len(batch), 1, *size], align_corners=False)
        found = F.grid_sample(batch.to(dtype), grid, padding_mode=padding, align_corners=False)
    return found.to(batch.dtype), grid


def undo_swap(logits: Tensor, meta: dict) -> Tensor:
    """Swap right and left classes back after a mirrored image was predicted.

    Args:
        logits: ``(C, h, w)``.
        meta: Meta information with the pairs of class indices ``swap_classes`` that
            ``MultilabelRandomFlip`` swapped in the labels, or without.

    Returns:
        Logits of the same shape.
    """
    return swap_channels(logits, meta.get('swap_classes', ()))


def swap_channels(logits: Tensor, pairs: Sequence[tuple[int, int]]) -> Tensor:
    """Swap pairs of classes.

    Args:
        logits: ``(..., C, h, w)``.
        pairs: Class indices.

    Returns:
        Logits of the same shape.
    """
    if not pairs:
        return logits
    order = list(range(logits.shape[-3]))
    for first, second in pairs:
        order[first], order[second] = second, first
    return logits[..., order, :, :]


def undo_flip(image: Tensor, meta: dict) -> Tensor:
    """Turn a map of a flipped image back.

    Args:
        image: ``(..., H, W)``.
        meta: Meta information with ``flip`` and ``flip_direction``, or without.

    Returns:
        A tensor of the same shape.
    """
    if not meta.get('flip', False):
        return image
    return torch.flip(image, FLIPPED_AXES[meta['flip_direction']])
