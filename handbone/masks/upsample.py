"""Low-resolution logits to a packed label map of full size.

Bilinear upsampling is a convex combination: where all low-resolution logits are below the
threshold, the full-size pixels are too. Only the box around each class is therefore upsampled, with
the source coordinates and weights of ``F.interpolate(mode='bilinear', align_corners=False)``.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from handbone.errors import HandboneError

from .axes import Axis, along_axes, axis_at
from .decision import LogitBlock, UpsampledBlock, decide
from .extents import extents
from .thresholds import logit_thresholds

#: Pixels upsampled at a time: few enough for the cache of a CPU, enough to keep a GPU busy.
PIXELS_PER_CPU_BLOCK = 2**16
PIXELS_PER_GPU_BLOCK = 2**24


class ClassBox(NamedTuple):
    """The output pixels where a class can be; all others are below its threshold."""

    class_index: int
    rows: slice
    columns: slice


def logits_to_packed(
    logits: torch.Tensor,
    size: tuple[int, int],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
    exclusive: bool = False,
) -> torch.Tensor:
    """Upsample logits bilinearly, threshold their sigmoid and pack the masks.

    The result equals one ``F.interpolate(mode='bilinear', align_corners=False)`` to ``size`` with
    ``sigmoid(x) > threshold`` computed as ``x > log(threshold / (1 - threshold))``, except where a
    logit is within rounding error of the threshold. A smaller ``size`` downsamples in the same way.

    Args:
        logits: (C, h, w), on any device; half types are computed as float32. NaN counts as
            absent.
        size: Height and width of the packed map.
        thresholds: Probability above which a class is present, between 0 and 1, one for all
            classes or one per class.
        content: Height and width of the real image inside the logits, in logit pixels, which may be
            fractions: padding at the right and bottom is cut off, and the centre of an output pixel
            lies at ``(index + 0.5) * content / size - 0.5``. None means all of the logits.
        exclusive: Give each pixel at most one class: of those above their thresholds the one with
            the largest logit, the first of several equal ones. Beside the packed map this takes one
            map of floats, whatever the number of classes.

    Returns:
        Packed int32 tensor (P, H, W) on the device of the logits.

    Raises:
        HandboneError: If the shape of the logits, the thresholds, the size or the content is wrong.
    """
    logits, vertical, horizontal = placed(logits, size, content)
    limits = logit_thresholds(thresholds, len(logits))
    boxes = boxes_above(logits, limits, vertical, horizontal, range(len(logits)))
    if logits.device.type != 'cpu':
        blocks = _upsample_torch(logits, boxes, vertical, horizontal)
        return decide(blocks, limits, size, logits, exclusive)
    with np.errstate(invalid='ignore'):  # infinite logits give NaN, as in PyTorch
        arrays = _upsample_numpy(logits.numpy(), boxes, vertical, horizontal)
        return decide(arrays, limits, size, logits, exclusive)


def upsampled_blocks(
    logits: torch.Tensor,
    size: tuple[int, int],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
    left_out: Collection[int] = (),
) -> Iterator[UpsampledBlock]:
    """Iterate over the full-size logits of every class where they can exceed its threshold.

    Args:
        logits: As in :func:`logits_to_packed`.
        size: Height and width to upsample to.
        thresholds: As in :func:`logits_to_packed`, which decides what is left out.
        content: As in :func:`logits_to_packed`.
        left_out: Classes to leave out.

    Yields:
        Blocks of limited size; the blocks of a class follow each other and do not overlap.

    Raises:
        HandboneError: As in :func:`logits_to_packed`.
    """
    logits, vertical, horizontal = placed(logits.cpu(), size, content)
    limits = logit_thresholds(thresholds, len(logits))
    classes = [index for index in range(len(logits)) if index not in left_out]
    boxes = boxes_above(logits, limits, vertical, horizontal, classes)
    with np.errstate(invalid='ignore'):
        yield from _upsample_numpy(logits.numpy(), boxes, vertical, horizontal)


def placed(
    logits: torch.Tensor, size: tuple[int, int], content: tuple[float, float] | None
) -> tuple[torch.Tensor, Axis, Axis]:
    """Check the arguments of :func:`logits_to_packed` and place its output pixels.

    Args:
        logits: As there.
        size: As there.
        content: As there.

    Returns:
        The logits without padding, float32 or float64, and the places of rows and columns in them.

    Raises:
        HandboneError: As there.
    """
    if logits.ndim != 3 or not logits.numel():
        raise HandboneError(f'Logits need the shape (C, h, w), got {tuple(logits.shape)}.')
    content = (logits.shape[1], logits.shape[2]) if content is None else content
    for axis in (0, 1):
        if not 0 < content[axis] <= logits.shape[axis + 1]:
            raise HandboneError(
                f'The content {tuple(content)} is not within logits of '
                f'{tuple(logits.shape[1:])} (height, width).'
            )
        if size[axis] < 1:
            raise HandboneError(
                f'The size to upsample to must be at least 1 x 1, got {tuple(size)}.'
            )
    logits = logits.detach()[:, : math.ceil(content[0]), : math.ceil(content[1])]
    if logits.dtype != torch.float64:
        logits = logits.float()
    dtype = np.float64 if logits.dtype == torch.float64 else np.float32
    vertical = resized_axis(content[0], logits.shape[1], size[0], dtype)
    horizontal = resized_axis(content[1], logits.shape[2], size[1], dtype)
    return logits, vertical, horizontal


def resized_axis(content: float, length: int, size: int, dtype: type) -> Axis:
    """Place output pixels between logits exactly as PyTorch does.

    PyTorch computes ``scale * (index + 0.5) - 0.5`` in the type of the logits, as one fused
    operation where the CPU has one; for float32, the intermediate steps are exact in float64.

    Args:
        content: Extent of the image in logits.
        length: Logits.
        size: Output pixels.
        dtype: Type of the logits.

    Returns:
        Indices and weights.
    """
    scale = np.float64(dtype(content / size))
    return axis_at(scale * (np.arange(size) + 0.5) - 0.5, length, dtype)


def boxes_above(
    logits: torch.Tensor,
    limits: Sequence[float],
    vertical: Axis,
    horizontal: Axis,
    classes: Sequence[int],
) -> list[ClassBox]:
    """Find the output pixels that each of some classes can reach.

    Args:
        logits: (C, h, w), from :func:`placed`.
        limits: The logit that a class has to exceed, one per class.
        vertical: Places of the output rows.
        horizontal: Places of the output columns.
        classes: The classes to look for, rising.

    Returns:
        The box of each that exceeds its limit anywhere.
    """
    return [
        ClassBox(
            each.class_index, _reached(each.rows, vertical), _reached(each.columns, horizontal)
        )
        for each in extents(logits, limits, classes)
    ]


def _reached(places: np.ndarray, axis: Axis) -> slice:
    """Find the output pixels to which any logit above the threshold contributes."""
    start = np.searchsorted(axis.upper, places[0], side='left')
    stop = np.searchsorted(axis.lower, places[-1], side='right')
    return slice(int(start), int(stop))


def row_blocks(box: ClassBox, pixels: int) -> Iterator[slice]:
    """Cut the rows of a box so that no part has more than a number of pixels.

    Args:
        box: The box.
        pixels: The number.

    Yields:
        Rows, rising.
    """
    step = max(1, pixels // max(1, box.columns.stop - box.columns.start))
    for start in range(box.rows.start, box.rows.stop, step):
        yield slice(start, min(start + step, box.rows.stop))


def _upsample_numpy(
    logits: np.ndarray, boxes: Sequence[ClassBox], vertical: Axis, horizontal: Axis
) -> Iterator[UpsampledBlock]:
    """Upsample box by box, a few rows at a time.

    Args:
        logits: (C, h, w).
        boxes: Boxes of the classes that are present.
        vertical: Places of the output rows.
        horizontal: Places of the output columns.

    Yields:
        The blocks, class after class.
    """
    for box in boxes:
        across = horizontal.part(box.columns)
        for rows in row_blocks(box, PIXELS_PER_CPU_BLOCK):
            down = vertical.part(rows)
            full = along_axes(logits[box.class_index], down, across)
            yield UpsampledBlock(box.class_index, rows, box.columns, full)


def _upsample_torch(
    logits: torch.Tensor, boxes: Sequence[ClassBox], vertical: Axis, horizontal: Axis
) -> Iterator[LogitBlock]:
    """Do the same as :func:`_upsample_numpy` on the device of the logits."""
    device = logits.device
    vertical = Axis(*(torch.from_numpy(values).to(device) for values in vertical))
    horizontal = Axis(*(torch.from_numpy(values).to(device) for values in horizontal))
    for box in boxes:
        across = horizontal.part(box.columns)
        low = logits[box.class_index]
        wide = low[:, across.lower] * across.lower_weight
        wide += low[:, across.upper] * across.upper_weight
        for rows in row_blocks(box, PIXELS_PER_GPU_BLOCK):
            down = vertical.part(rows)
            full = wide[down.lower] * down.lower_weight[:, None]
            full += wide[down.upper] * down.upper_weight[:, None]
            yield LogitBlock(box.class_index, rows, box.columns, full)
