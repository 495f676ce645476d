"""Polygons as COCO draws them: the corner of the first pixel is (0, 0), without an outline.

:mod:`handbone.masks.polygons` has the other convention, in which (0, 0) is the centre of the first
pixel and the pixels under the outline belong to the mask.
"""

from collections.abc import Iterator

import numpy as np

#: COCO draws outlines on a grid that is this many times finer.
FINER = 5
#: Crossings of columns that are in memory at once, and those of one more edge.
PIECE = 2**18


def coco_polygon_runs(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Draw one polygon as ``frPyObjects`` of pycocotools does, pixel for pixel.

    Memory grows with the points and the image, however far the points are outside of it.

    Args:
        points: (n, 2), x and y in pixels, within int32 after multiplication by 5.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        Int64 (n, 2) of [start, length], starts counted from 0, column by column.

    >>> coco_polygon_runs(np.array([[0, 0], [2, 0], [2, 2], [0, 2]]), 3, 3).tolist()
    [[0, 2], [3, 2]]
    """
    places = np.empty(0, np.int64)
    for column, y in _crossings(np.asarray(points, np.float64), width):
        row = np.ceil(((y + 0.5) / FINER - 0.5).clip(0, height)).astype(np.int64)
        # an edge at the same place as another one ends nothing and begins nothing
        found, counts = np.unique(column * height + row, return_counts=True)
        places = np.setxor1d(places, found[counts % 2 == 1], assume_unique=True)
    places = places[places < height * width]
    if len(places) % 2:
        places = np.append(places, height * width)
    runs = places.reshape(-1, 2)
    return np.stack([runs[:, 0], runs[:, 1] - runs[:, 0]], axis=1)


def _crossings(points: np.ndarray, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """List where a closed outline crosses the middles of columns: column, and y on the grid."""
    # C rounds towards zero
    corners = np.trunc(FINER * points + 0.5).astype(np.int64)
    ends = np.roll(corners, -1, axis=0)
    left, right = np.minimum(corners[:, 0], ends[:, 0]), np.maximum(corners[:, 0], ends[:, 0])
    # from one grid point to the next, those on both sides of a middle
    first = ((left + FINER // 2) // FINER).clip(0)
    last = ((right - FINER // 2 - 1) // FINER).clip(max=width - 1)
    counts = (last - first + 1).clip(0)
    pieces = np.flatnonzero(np.diff(np.cumsum(counts) // PIECE)) + 1
    for edges in np.split(np.arange(len(points)), pieces):
        count = counts[edges]
        each = np.repeat(edges, count)
        along = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
        column = first[each] + along
        yield column, _heights(corners[each], ends[each], FINER * column + FINER // 2)


def _heights(start: np.ndarray, end: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Find the upper one of the grid points of edges at x and at x + 1."""
    step = end - start
    wide = np.abs(step[:, 0]) >= np.abs(step[:, 1])
    flipped = np.where(wide, step[:, 0] < 0, step[:, 1] < 0)
    low = np.where(flipped[:, None], end, start)
    step[flipped] *= -1
    y = np.empty(len(x), np.float64)
    y[wide] = _heights_of_wide(low[wide], step[wide], x[wide])
    y[~wide] = _heights_of_steep(low[~wide], step[~wide], x[~wide])
    return y


def _heights_of_wide(low: np.ndarray, step: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Find them on edges that have one grid point for every x."""
    slope = step[:, 1] / step[:, 0]
    both = [np.trunc(low[:, 1] + slope * (each - low[:, 0]) + 0.5) for each in (x, x + 1)]
    return np.minimum(*both)


def _heights_of_steep(low: np.ndarray, step: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Find them on edges that have one grid point for every y."""
    slope = step[:, 0] / step[:, 1]
    passed = np.floor((x + 0.5 - low[:, 0]) / slope)
    # rounding decides on which side of x + 1 a grid point lies, so the formula itself is asked
    for _ in range(2):
        beyond = low[:, 0] + slope * passed + 0.5 >= x + 1
        passed += beyond != (slope > 0)
    return low[:, 1] + passed - 1
