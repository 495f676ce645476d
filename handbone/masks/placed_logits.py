"""Logits of a turned, scaled or mirrored part of an image to a packed map of the whole image.

The way back and the upsampling are one bilinear interpolation: each pixel of the image is looked up
between the logits where an affine matrix puts it. As in :mod:`handbone.masks.upsample`, only pixels
that a logit above the threshold can reach are computed.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from handbone.errors import HandboneError

from .affine import inverse
from .decision import LogitBlock, UpsampledBlock, decide
from .extents import extents
from .interpolation import interpolated
from .thresholds import logit_thresholds
from .upsample import PIXELS_PER_CPU_BLOCK, PIXELS_PER_GPU_BLOCK


def placed_to_packed(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
    exclusive: bool = False,
) -> Tensor:
    """Interpolate logits at the pixels of an image, threshold their sigmoid and pack the masks.

    The result is that of one bilinear interpolation at the places that ``matrix`` gives, where
    places within half a logit of the border take the value at the border. Outside of the logits no
    class is present. With the matrix of a resize it equals
    :func:`handbone.masks.logits_to_packed`, apart from logits within rounding error of the
    threshold.

    Args:
        logits: (C, h, w), on any device; half types are computed as float32. NaN counts as
            absent.
        matrix: (2, 3) float64, from x, y of the image's pixel centres to those of the logits.
        size: Height and width of the image.
        thresholds: Probability above which a class is present, between 0 and 1, one for all
            classes or one per class.
        content: Height and width of the part of the logits that counts, from the upper left, in
            logits, which may be fractions. None means all of them.
        exclusive: As in :func:`handbone.masks.logits_to_packed`.

    Returns:
        Packed int32 tensor (P, H, W) on the device of the logits.

    Raises:
        HandboneError: If the shape of the logits, the matrix, the thresholds or the content is
            wrong.
    """
    limits = logit_thresholds(thresholds, len(logits))
    found = _blocks(logits, matrix, size, limits, content)
    on_cpu = logits.device.type == 'cpu'
    blocks = _arrays(found) if on_cpu else found
    return decide(blocks, limits, size, logits, exclusive)


def placed_blocks(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
) -> Iterator[UpsampledBlock]:
    """Iterate over the full-size logits of every class where they can exceed its threshold.

    Args:
        logits: As in :func:`placed_to_packed`.
        matrix: As in :func:`placed_to_packed`.
        size: Height and width of the image.
        thresholds: As in :func:`placed_to_packed`, which decides what is left out.
        content: As in :func:`placed_to_packed`.

    Yields:
        Blocks of limited size; the blocks of a class follow each other and do not overlap. Pixels
        outside of the logits have -inf.

    Raises:
        HandboneError: As in :func:`placed_to_packed`.
    """
    limits = logit_thresholds(thresholds, len(logits))
    yield from _arrays(_blocks(logits.cpu(), matrix, size, limits, content))


def _arrays(blocks: Iterator[LogitBlock]) -> Iterator[UpsampledBlock]:
    return (UpsampledBlock(*block[:3], block.values.numpy()) for block in blocks)


def place_logits(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    outside: float,
    content: tuple[float, float] | None = None,
) -> Tensor:
    """Interpolate the logits of all classes at the pixels of an image.

    Args:
        logits: As in :func:`placed_to_packed`.
        matrix: As in :func:`placed_to_packed`.
        size: Height and width of the image.
        outside: Value of pixels outside of the logits.
        content: As in :func:`placed_to_packed`.

    Returns:
        (C, H, W), float32 or float64.

    Raises:
        HandboneError: As in :func:`placed_to_packed`.
    """
    logits, content = checked(logits, matrix, content)
    everything = slice(0, size[0]), slice(0, size[1])
    return interpolated(logits, matrix, *everything, content, outside)


def checked(
    logits: Tensor, matrix: np.ndarray, content: tuple[float, float] | None
) -> tuple[Tensor, tuple[float, float]]:
    """Check the arguments of :func:`placed_to_packed` and cut what is not content.

    Args:
        logits: As there.
        matrix: As there.
        content: As there.

    Returns:
        Logits, float32 or float64, and their content.

    Raises:
        HandboneError: As there.
    """
    if logits.ndim != 3 or not logits.numel():
        raise HandboneError(f'Logits need the shape (C, h, w), got {tuple(logits.shape)}.')
    content = (logits.shape[1], logits.shape[2]) if content is None else content
    if not all(0 < part <= side for part, side in zip(content, logits.shape[1:], strict=True)):
        raise HandboneError(
            f'The content {tuple(content)} is not within logits of {tuple(logits.shape[1:])} '
            '(height, width).'
        )
    if np.shape(matrix) != (2, 3) or not np.isfinite(matrix).all():
        raise HandboneError(f'The place of logits needs a (2, 3) matrix of numbers, got {matrix}.')
    if not abs(np.linalg.det(matrix[:, :2])) > 0:
        raise HandboneError(f'The matrix of the place of logits has no inverse: {matrix}.')
    logits = logits.detach()[:, : math.ceil(content[0]), : math.ceil(content[1])]
    return logits if logits.dtype == torch.float64 else logits.float(), content


def _blocks(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    limits: Sequence[float],
    content: tuple[float, float] | None,
) -> Iterator[LogitBlock]:
    """Interpolate, class by class, where its mask can be; arguments as in the public functions."""
    logits, content = checked(logits, matrix, content)
    pixels = PIXELS_PER_CPU_BLOCK if logits.device.type == 'cpu' else PIXELS_PER_GPU_BLOCK
    for index, (rows, columns) in reached_boxes(logits, matrix, size, limits).items():
        step = max(1, pixels // max(1, columns.stop - columns.start))
        for start in range(rows.start, rows.stop, step):
            part = slice(start, min(start + step, rows.stop))
            values = interpolated(
                logits[index : index + 1], matrix, part, columns, content, -math.inf
            )
            yield LogitBlock(index, part, columns, values[0])


def reached_boxes(
    logits: Tensor,
    matrix: np.ndarray,
    size: tuple[int, int],
    limits: Sequence[float],
    classes: Sequence[int] | None = None,
) -> dict[int, tuple[slice, slice]]:
    """Find the pixels of the image that each class above its limit can reach.

    Args:
        logits: (C, h, w).
        matrix: From x, y of the image's pixel centres to those of the logits.
        size: Height and width of the image.
        limits: The logit that a class has to exceed, one per class.
        classes: The classes to look for; all by default.

    Returns:
        Rows and columns by class, for classes that exceed their limits anywhere, in class order.
    """
    back = inverse(matrix)
    return {
        each.class_index: _reached(each.rows, each.columns, back, size)
        for each in extents(logits, limits, range(len(logits)) if classes is None else classes)
    }


def _reached(
    rows: np.ndarray, columns: np.ndarray, back: np.ndarray, size: tuple[int, int]
) -> tuple[slice, slice]:
    """Find the box of the pixels to which logits contribute.

    Args:
        rows: Rows of the logits above the threshold, rising.
        columns: Their columns, rising.
        back: Matrix from logits to pixels.
        size: Height and width of the image.

    Returns:
        Rows and columns of the image.
    """
    # a logit contributes to pixels less than one logit away from it
    ends = itertools.product((columns[0] - 1, columns[-1] + 1), (rows[0] - 1, rows[-1] + 1))
    corners = np.array(list(ends)) @ back[:, :2].T + back[:, 2]
    lowest, highest = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
    left, top = lowest.clip(0, size[::-1]).astype(int).tolist()
    right, bottom = highest.clip(0, size[::-1]).astype(int).tolist()
    return slice(top, bottom), slice(left, right)
