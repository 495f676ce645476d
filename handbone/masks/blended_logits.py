"""Logits of an image, with those of closer views of its parts blended in, to a packed map.

Each class is blended and decided on its own, in the box where one of the networks can see it, so
that no code holds full-size logits of several classes.
"""

import heapq
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from .affine import compose, scaling
from .decision import LogitBlock, UpsampledBlock, decide
from .interpolation import interpolated, places_of, upright
from .patches import Patch, edge_weights
from .placed_logits import checked, reached_boxes
from .thresholds import logit_thresholds
from .upright_patches import hull, upright_blocks
from .upsample import PIXELS_PER_CPU_BLOCK, PIXELS_PER_GPU_BLOCK, upsampled_blocks


def resize_matrix(content: tuple[float, float], size: tuple[int, int]) -> np.ndarray:
    """Build the matrix from the pixels of an image to logits that show all of it.

    Args:
        content: Height and width of the image in the logits.
        size: Height and width of the image.

    Returns:
        (2, 3) float64.
    """
    return scaling(content[1] / size[1], content[0] / size[0])


def blended_to_packed(
    logits: Tensor,
    matrix: np.ndarray | None,
    size: tuple[int, int],
    patches: Sequence[Patch],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
    exclusive: bool = False,
) -> Tensor:
    """Blend, threshold the sigmoid and pack the masks.

    A class that a patch decides has the logit ``(1 - w) a + w b`` at a pixel of its view: ``a``
    from the logits of the image, ``b`` from those of the patch, ``w`` rising from 0 at the border
    of the view to 1 where its edge ends. Other classes, and other pixels, are as in
    :func:`handbone.masks.placed_to_packed`.

    Args:
        logits: (C, h, w), on any device.
        matrix: As in :func:`handbone.masks.placed_to_packed`; None if the logits show all of the
            image and nothing else but padding.
        size: Height and width of the image.
        patches: The closer views; where several decide a class, the later one goes over the former.
        thresholds: As in :func:`handbone.masks.placed_to_packed`.
        content: As in :func:`handbone.masks.placed_to_packed`.
        exclusive: As in :func:`handbone.masks.logits_to_packed`.

    Returns:
        Packed int32 tensor (P, H, W) on the device of the logits.

    Raises:
        HandboneError: As in :func:`handbone.masks.placed_to_packed`.
    """
    limits = logit_thresholds(thresholds, len(logits))
    if logits.device.type == 'cpu':
        arrays = blended_blocks(logits, matrix, size, patches, thresholds, content)
        return decide(arrays, limits, size, logits, exclusive)
    blocks = _blocks(logits, matrix, size, patches, limits, content, range(len(logits)))
    return decide(blocks, limits, size, logits, exclusive)


def blended_blocks(
    logits: Tensor,
    matrix: np.ndarray | None,
    size: tuple[int, int],
    patches: Sequence[Patch],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
) -> Iterator[UpsampledBlock]:
    """Iterate over the blended full-size logits where they can exceed the threshold.

    Args:
        logits: As in :func:`blended_to_packed`.
        matrix: As in :func:`blended_to_packed`.
        size: As in :func:`blended_to_packed`.
        patches: As in :func:`blended_to_packed`.
        thresholds: As in :func:`blended_to_packed`, which decides what is left out.
        content: As in :func:`blended_to_packed`.

    Yields:
        Blocks of limited size, class after class; those of a class do not overlap.

    Raises:
        HandboneError: As in :func:`blended_to_packed`.
    """
    limits = logit_thresholds(thresholds, len(logits))
    logits = logits.cpu()
    patches = [patch._replace(logits=patch.logits.cpu()) for patch in patches]
    if matrix is not None:
        everything = range(len(logits))
        yield from _arrays(_blocks(logits, matrix, size, patches, limits, content, everything))
        return
    decided = sorted({index for patch in patches for index in patch.classes})
    if all(upright(patch.matrix) and patch.matrix.diagonal().min() > 0 for patch in patches):
        blended = upright_blocks(logits, size, patches, limits, content, decided)
    else:
        blended = _arrays(_blocks(logits, None, size, patches, limits, content, decided))
    others = upsampled_blocks(logits, size, thresholds, content, decided)
    yield from heapq.merge(blended, others, key=lambda block: block.class_index)


def blend_planes(logits: Tensor, to_image: np.ndarray, patches: Sequence[Patch]) -> Tensor:
    """Blend closer views into logits on a coarse grid over an image or a part of it.

    Args:
        logits: (C, h, w), changed in place.
        to_image: (2, 3) float64, from x, y of the grid's points to the image's pixel centres.
        patches: As in :func:`blended_to_packed`.

    Returns:
        The same logits.
    """
    rows, columns = slice(0, logits.shape[1]), slice(0, logits.shape[2])
    for patch in patches:
        closer = checked(*patch[:2], None)[0].to(logits)
        placed = patch._replace(logits=closer, matrix=compose(patch.matrix, to_image))
        for index in patch.classes:
            logits[index] = _blend(logits[index], placed, index, rows, columns)
    return logits


def _arrays(blocks: Iterator[LogitBlock]) -> Iterator[UpsampledBlock]:
    return (UpsampledBlock(*block[:3], block.values.numpy()) for block in blocks)


def _blocks(
    logits: Tensor,
    matrix: np.ndarray | None,
    size: tuple[int, int],
    patches: Sequence[Patch],
    limits: Sequence[float],
    content: tuple[float, float] | None,
    classes: Sequence[int],
) -> Iterator[LogitBlock]:
    """Blend some classes, one by one, where their masks can be; the rest as above."""
    if matrix is None:
        matrix = resize_matrix(content or (logits.shape[1], logits.shape[2]), size)
    logits, content = checked(logits, matrix, content)
    patches = [patch._replace(logits=checked(*patch[:2], None)[0]) for patch in patches]
    of_image = reached_boxes(logits, matrix, size, limits, classes)
    of_patches = [reached_boxes(*patch[:2], size, limits, patch.classes) for patch in patches]
    pixels = PIXELS_PER_CPU_BLOCK if logits.device.type == 'cpu' else PIXELS_PER_GPU_BLOCK
    for index in classes:
        deciding = [number for number, patch in enumerate(patches) if index in patch.classes]
        boxes = [of_image.get(index), *(of_patches[number].get(index) for number in deciding)]
        rows, columns = hull([box for box in boxes if box is not None])
        step = max(1, pixels // max(1, columns.stop - columns.start))
        for start in range(rows.start, rows.stop, step):
            part = slice(start, min(start + step, rows.stop))
            low = logits[index : index + 1]
            values = interpolated(low, matrix, part, columns, content, -math.inf)[0]
            for number in deciding:
                values = _blend(values, patches[number], index, part, columns)
            yield LogitBlock(index, part, columns, values)


def _blend(values: Tensor, patch: Patch, index: int, rows: slice, columns: slice) -> Tensor:
    """Blend the logits of a class in a patch into those of a box of pixels."""
    view = patch.logits.shape[1], patch.logits.shape[2]
    x, y = places_of(patch.matrix, rows, columns, values.device)
    weights = edge_weights(x, y, view, patch.edge).to(values.dtype)
    low = patch.logits[index : index + 1]
    closer = interpolated(low, patch.matrix, rows, columns, view, -math.inf)[0]
    # where the logits of the image do not show a pixel, or do not count, the patch alone decides
    alone = (values == -math.inf) | (weights == 1)
    blended = torch.lerp(torch.where(alone, closer, values), closer, weights)
    return torch.where(weights > 0, blended, values)
