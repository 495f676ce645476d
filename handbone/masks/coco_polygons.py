"""Polygons as COCO draws them: the corner of the first pixel is (0, 0), without an outline.

:mod:`handbone.masks.polygons` has the other convention, in which (0, 0) is the centre of the first
pixel and the pixels under the outline belong to the mask.
"""

import numpy as np

#: COCO draws outlines on a grid that is this many times finer.
FINER = 5


def coco_polygon_runs(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Draw one polygon as ``frPyObjects`` of pycocotools does, pixel for pixel.

    Args:
        points: (n, 2), x and y in pixels, within int32 after multiplication by 5.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        Int64 (n, 2) of [start, length], starts counted from 0, column by column.

    >>> coco_polygon_runs(np.array([[0, 0], [2, 0], [2, 2], [0, 2]]), 3, 3).tolist()
    [[0, 2], [3, 2]]
    """
    x, y = _dense_outline(np.asarray(points, np.float64))
    crossing = np.flatnonzero(x[1:] != x[:-1]) + 1
    before = crossing - 1
    column = np.minimum(x[crossing], x[before])
    # only the middle of every column of pixels counts
    middle = column % FINER == FINER // 2
    column, crossing, before = column[middle] // FINER, crossing[middle], before[middle]
    inside = (column >= 0) & (column < width)
    row = (np.minimum(y[crossing], y[before]) + 0.5) / FINER - 0.5
    row = np.ceil(row.clip(0, height)).astype(np.int64)
    edges = np.sort(column[inside] * height + row[inside])
    # an edge at the same place as another one ends nothing and begins nothing
    places, counts = np.unique(edges, return_counts=True)
    places = places[(counts % 2 == 1) & (places < height * width)]
    if len(places) % 2:
        places = np.append(places, height * width)
    runs = places.reshape(-1, 2)
    return np.stack([runs[:, 0], runs[:, 1] - runs[:, 0]], axis=1)


def _dense_outline(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List all points of the finer grid along a closed outline, in its order, int64 x and y."""
    # C rounds towards zero
    corners = np.trunc(FINER * points + 0.5).astype(np.int64)
    ends = np.roll(corners, -1, axis=0)
    steps = ends - corners
    length = np.abs(steps).max(axis=1)
    count = length + 1
    first = np.cumsum(count) - count
    along = np.arange(count.sum()) - np.repeat(first, count)
    wide = np.abs(steps[:, 0]) >= np.abs(steps[:, 1])
    flipped = np.where(wide, steps[:, 0] < 0, steps[:, 1] < 0)
    low = np.where(flipped[:, None], ends, corners)
    rise = np.where(flipped[:, None], -steps, steps)
    slope = np.where(wide, rise[:, 1], rise[:, 0]) / np.maximum(length, 1)
    each = np.repeat(np.arange(len(points)), count)
    position = np.where(flipped[each], length[each] - along, along)
    straight = position + np.where(wide, low[:, 0], low[:, 1])[each]
    across = np.where(wide, low[:, 1], low[:, 0])[each] + slope[each] * position + 0.5
    across = np.trunc(across).astype(np.int64)
    return np.where(wide[each], straight, across), np.where(wide[each], across, straight)
