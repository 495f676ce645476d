"""Low-resolution logits to a packed label map of full size.

Bilinear upsampling is a convex combination: where all low-resolution logits are below the
threshold, the full-size pixels are too. Only the box around each class is therefore upsampled, with
the source coordinates and weights of ``F.interpolate(mode='bilinear', align_corners=False)``.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from handbone.errors import HandboneError

from .decision import LogitBlock, UpsampledBlock, decide
from .extents import extents
from .thresholds import logit_thresholds

#: Pixels upsampled at a time: few enough for the cache of a CPU, enough to keep a GPU busy.
PIXELS_PER_CPU_BLOCK = 2**16
PIXELS_PER_GPU_BLOCK = 2**24


class _Axis(NamedTuple):
    """Where the output pixels of one axis lie between the logits, one entry per output pixel.

    Attributes:
        lower: Index of the logit before the pixel, rising.
        upper: Index of the logit after it.
        lower_weight: Weight of the logit before, in the type of the logits.
        upper_weight: Weight of the logit after.
    """

    # NumPy arrays on the CPU, tensors elsewhere
    lower: Any
    upper: Any
    lower_weight: Any
    upper_weight: Any


class _Box(NamedTuple):
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
    logits, vertical, horizontal = _place(logits, size, content)
    limits = logit_thresholds(thresholds, len(logits))
    boxes = _boxes(logits, limits, vertical, horizontal, range(len(logits)))
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
    logits, vertical, horizontal = _place(logits.cpu(), size, content)
    limits = logit_thresholds(thresholds, len(logits))
    classes = [index for index in range(len(logits)) if index not in left_out]
    boxes = _boxes(logits, limits, vertical, horizontal, classes)
    with np.errstate(invalid='ignore'):
        yield from _upsample_numpy(logits.numpy(), boxes, vertical, horizontal)


def _place(
    logits: torch.Tensor, size: tuple[int, int], content: tuple[float, float] | None
) -> tuple[torch.Tensor, _Axis, _Axis]:
    """Check the arguments, cut off the padding and place the output pixels of both axes."""
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
    vertical = _axis(content[0], logits.shape[1], size[0], dtype)
    horizontal = _axis(content[1], logits.shape[2], size[1], dtype)
    return logits, vertical, horizontal


def _axis(content: float, length: int, size: int, dtype: type) -> _Axis:
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
    source: np.ndarray = np.maximum(scale * (np.arange(size) + 0.5) - 0.5, 0).astype(dtype)
    lower = np.minimum(source.astype(np.int64), length - 1)
    upper = np.minimum(lower + 1, length - 1)
    upper_weight = np.clip(source - lower.astype(dtype), 0, 1)
    return _Axis(lower, upper, 1 - upper_weight, upper_weight)


def _boxes(
    logits: torch.Tensor,
    limits: Sequence[float],
    vertical: _Axis,
    horizontal: _Axis,
    classes: Sequence[int],
) -> list[_Box]:
    """Find the box of each of some classes that is present."""
    return [
        _Box(each.class_index, _reached(each.rows, vertical), _reached(each.columns, horizontal))
        for each in extents(logits, limits, classes)
    ]


def _reached(places: np.ndarray, axis: _Axis) -> slice:
    """Find the output pixels to which any logit above the threshold contributes."""
    start = np.searchsorted(axis.upper, places[0], side='left')
    stop = np.searchsorted(axis.lower, places[-1], side='right')
    return slice(int(start), int(stop))


def _blocks(box: _Box, pixels: int) -> Iterator[slice]:
    """Cut the rows of a box so that no part has more than a number of pixels."""
    step = max(1, pixels // max(1, box.columns.stop - box.columns.start))
    for start in range(box.rows.start, box.rows.stop, step):
        yield slice(start, min(start + step, box.rows.stop))


def _upsample_numpy(
    logits: np.ndarray, boxes: Sequence[_Box], vertical: _Axis, horizontal: _Axis
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
        across = _Axis(*(values[box.columns] for values in horizontal))
        for rows in _blocks(box, PIXELS_PER_CPU_BLOCK):
            down = _Axis(*(values[rows] for values in vertical))
            first, last = down.lower[0], down.upper[-1]
            low = logits[box.class_index, first : last + 1]
            wide = low[:, across.lower] * across.lower_weight
            wide += low[:, across.upper] * across.upper_weight
            full = wide[down.lower - first] * down.lower_weight[:, None]
            full += wide[down.upper - first] * down.upper_weight[:, None]
            yield UpsampledBlock(box.class_index, rows, box.columns, full)


def _upsample_torch(
    logits: torch.Tensor, boxes: Sequence[_Box], vertical: _Axis, horizontal: _Axis
) -> Iterator[LogitBlock]:
    """Do the same as :func:`_upsample_numpy` on the device of the logits."""
    device = logits.device
    vertical = _Axis(*(torch.from_numpy(values).to(device) for values in vertical))
    horizontal = _Axis(*(torch.from_numpy(values).to(device) for values in horizontal))
    for box in boxes:
        across = _Axis(*(values[box.columns] for values in horizontal))
        low = logits[box.class_index]
        wide = low[:, across.lower] * across.lower_weight
        wide += low[:, across.upper] * across.upper_weight
        for rows in _blocks(box, PIXELS_PER_GPU_BLOCK):
            down = _Axis(*(values[rows] for values in vertical))
            full = wide[down.lower] * down.lower_weight[:, None]
            full += wide[down.upper] * down.upper_weight[:, None]
            yield LogitBlock(box.class_index, rows, box.columns, full)
