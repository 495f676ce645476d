"""Bilinear interpolation of maps at the places where an affine matrix puts a box of pixels."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def interpolated(
    logits: Tensor,
    matrix: np.ndarray,
    rows: slice,
    columns: slice,
    content: tuple[float, float],
    outside: float,
) -> Tensor:
    """Interpolate maps at a box of pixels.

    Args:
        logits: (C, h, w).
        matrix: From x, y of the image's pixel centres to those of the logits.
        rows: Rows of the image.
        columns: Columns of the image.
        content: Height and width of the part of the logits that counts.
        outside: Value of pixels outside of it.

    Returns:
        (C, rows, columns).
    """
    places = places_of(matrix, rows, columns, logits.device)
    within = [
        (place >= -0.5) & (place <= side - 0.5)
        for place, side in zip(places, content[::-1], strict=True)
    ]
    if upright(matrix):
        values = _along_axes(logits, places[0][0], places[1][:, 0])
        if values.device.type == 'cpu' and all(bool(each.all()) for each in within):
            return values
    else:
        values = _at_places(logits, *places)
    return values.masked_fill(~(within[0] & within[1]), outside)


def _at_places(logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Interpolate maps (C, h, w) at places (rows, columns)."""
    sides = logits.shape[2], logits.shape[1]
    grid = torch.stack(
        [(2 * place + 1) / side - 1 for place, side in zip((x, y), sides, strict=True)], dim=-1
    ).to(logits.dtype)
    with torch.autocast(logits.device.type, enabled=False):
        values = F.grid_sample(logits[None], grid[None], padding_mode='border', align_corners=False)
    return values[0]


def _along_axes(logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Interpolate maps (C, h, w) along one axis after the other, in a fraction of the time."""
    for axis, place in ((1, y), (2, x)):
        last = logits.shape[axis] - 1
        place = place.clamp(0, last)
        lower = place.long()
        upper = (lower + 1).clamp_max(last)
        weights = (place - lower).to(logits.dtype)
        before, after = (logits.index_select(axis, each) for each in (lower, upper))
        logits = torch.lerp(before, after, weights if axis == 2 else weights[:, None])
    return logits


def upright(matrix: np.ndarray) -> bool:
    """Tell whether a matrix (2, 3) scales and shifts only, so that axes can be treated apart."""
    return bool(matrix[0, 1] == 0 and matrix[1, 0] == 0)


def places_of(
    matrix: np.ndarray, rows: slice, columns: slice, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Find where a box of pixels lies.

    Where the matrix does not turn, x depends on the column alone and y on the row alone.

    Args:
        matrix: From x, y of the pixel centres to the places.
        rows: Rows of the image.
        columns: Columns of the image.
        device: Where to compute.

    Returns:
        x and y, float64, (rows, columns) each, or (1, columns) and (rows, 1).
    """
    x, y = np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)
    if upright(matrix):
        in_row = torch.from_numpy(matrix[0, 0] * x + matrix[0, 2])
        in_column = torch.from_numpy(matrix[1, 1] * y + matrix[1, 2])
        return in_row.to(device)[None], in_column.to(device)[:, None]
    # the places in double precision, whose sums are then rounded once
    across = (torch.from_numpy(matrix[axis, 0] * x + matrix[axis, 2]).to(device) for axis in (0, 1))
    down = (torch.from_numpy(matrix[axis, 1] * y).to(device) for axis in (0, 1))
    first, second = (a[None, :] + b[:, None] for a, b in zip(across, down, strict=True))
    return first, second
