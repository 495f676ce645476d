"""Undoes in the logits what a test pipeline did: padding, flips, swapped sides, affine maps."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.errors import HandboneError
from handbone.masks import compose, inverse, place_logits, scaling

#: Logit of a class where no network looked: as low as a mean of probabilities can be.
ABSENT = -13.8
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


def logit_matrix(logits: Tensor, meta: dict) -> np.ndarray | None:
    """Find where the pixels of the original image lie between the logits of a view of it.

    Args:
        logits: ``(C, h, w)`` over the view and its padding.
        meta: Meta information. ``region_matrix``, a matrix from the original image to the view and
            the view's height and width, is what a cascade chose; ``frame_matrix``, the same, what
            an affine transform of the pipeline did.

    Returns:
        ``(2, 3)`` float64, from pixel centres to those of logits; None where the image was only
        resized.

    Raises:
        HandboneError: If the image was flipped, cropped or resized after the affine transform.
    """
    if 'region_matrix' in meta:
        matrix, size = meta['region_matrix']
    elif 'frame_matrix' in meta:
        matrix, size = meta['frame_matrix']
        if matrix is None or meta.get('flip') or tuple(meta['img_shape'][:2]) != tuple(size):
            raise HandboneError(
                f'{meta.get("img_path", "image")}: the test pipeline flips, crops or resizes '
                'the image before or after an affine transform, so labels cannot be put back into '
                'place; leave these steps out'
            )
        size = (meta.get('pad_shape') or meta['img_shape'])[:2]
    else:
        return None
    height, width = logits.shape[1:]
    return compose(scaling(width / size[1], height / size[0]), matrix)


def logit_content(logits: Tensor, meta: dict) -> tuple[float, float]:
    """Find which part of the logits shows the view of the image and not its padding.

    Args:
        logits: ``(C, h, w)``.
        meta: As for :func:`logit_matrix` and :func:`content_size`.

    Returns:
        Height and width in logit pixels, not necessarily whole.
    """
    if 'region_matrix' in meta:
        return logits.shape[1], logits.shape[2]
    return content_size(logits, meta)


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


def spread_over_image(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    content: tuple[float, float],
) -> Tensor:
    """Interpolate the logits of a part of an image on a coarse grid over all of it.

    Args:
        logits: ``(C, h, w)``.
        matrix: From pixels of the image to logits.
        size: Height and width of the image.
        content: Height and width of the part of the logits that counts.

    Returns:
        ``(C, h', w')`` at the resolution of the logits, but at most four times as many, so that a
        small part of a large image does not fill the memory. Outside of the part, no class is
        present beyond doubt.
    """
    finest = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    most = math.sqrt(4 * logits.shape[1] * logits.shape[2] / (size[0] * size[1]))
    height, width = (max(1, math.ceil(side * min(finest, most, 1))) for side in size)
    on_grid = compose(matrix, scaling(size[1] / width, size[0] / height))
    return place_logits(logits, on_grid, (height, width), ABSENT, content)


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


def grey_image(image: Tensor, meta: dict, size: tuple[int, int]) -> np.ndarray:
    """Turn the network's input back into a grey image of the original size.

    Args:
        image: ``(channels, h, w)``, normalised and padded.
        meta: Meta information of the image.
        size: Original height and width.

    Returns:
        Grey values, ``(H, W)`` uint8, the darkest 0 and the brightest 255.
    """
    height, width = (round(side) for side in content_size(image, meta))
    grey = undo_flip(image[:, :height, :width].float().mean(dim=0), meta).cpu().numpy()
    # OpenCV allocates the result if it is None, which its type hints do not say
    spread = cv2.normalize(grey, None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    if 'frame_matrix' in meta:
        back = inverse(meta['frame_matrix'][0])
        return cv2.warpAffine(spread.astype(np.uint8), back, size[::-1])
    return cv2.resize(spread.astype(np.uint8), size[::-1], interpolation=cv2.INTER_LINEAR)
