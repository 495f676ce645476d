"""What is wrong with single polygons, as annotators drew them."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from handbone.masks import rasterize

from .finding import Box
from .image_record import LabelDefect

#: A point is a spike if it lies further from its neighbours than this share of the square root of
#: the area, and this many times further than they lie from each other.
SPIKE_LENGTH, SPIKE_RATIO = 0.25, 2.0
SPIKE_PIXELS = 4.0
#: Outlines that are narrower, in pixels, have no shape that could be judged.
LEAST_EXTENT = 3.0
#: Part of the area that a crossing must turn over or cover twice to be reported.
CROSSED_SHARE = 0.03
#: Two polygons are one outline drawn twice from this intersection over union.
SAME_OUTLINE = 0.7
#: Points may lie this far outside the image, in pixels.
OUTSIDE_PIXELS = 2.0

Polygon = tuple[int, np.ndarray]


def outline_defects(polygons: Sequence[Polygon], height: int, width: int) -> Iterator[LabelDefect]:
    """Find polygons that cross themselves, have spikes, leave the image or are drawn twice.

    Args:
        polygons: Class index and points (n, 2) of each polygon, x and y in pixels.
        height: Rows of the image.
        width: Columns of the image.

    Yields:
        What is wrong.
    """
    for index, points in polygons:
        points = points.astype(np.float64)
        yield from _outside(index, points, height, width)
        if len(points) < 4 or min(np.ptp(points, axis=0)) < LEAST_EXTENT:
            continue
        spike = _spike(points, _shoelace(points))
        if spike is not None:
            yield LabelDefect('spikes', index, 'its outline has a spike', 0.8, _around(spike))
        # a spike with two neighbours in one place looks crossed, but turns nothing over
        elif crossed_share(points) > CROSSED_SHARE:
            reason = 'its outline crosses itself'
            yield LabelDefect('self-crossing', index, reason, 0.9, box_of(points))
    yield from _drawn_twice(polygons)


def box_of(points: np.ndarray) -> Box:
    """Give the box of points (n, 2)."""
    left, top = np.floor(points.min(axis=0)).astype(int).tolist()
    right, bottom = (np.ceil(points.max(axis=0)).astype(int) + 1).tolist()
    return left, top, right, bottom


def crossed_share(points: np.ndarray) -> float:
    """Measure how much of a polygon its crossings turn over or cover twice.

    The area by the shoelace formula subtracts what is turned over and counts twice what is covered
    twice; the area that the even-odd rule fills does neither.

    Args:
        points: (n, 2), x and y in pixels.

    Returns:
        The difference of both areas, as a share of the larger one; around 0 without crossings.
    """
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    scale = 192 / max(extent, 1.0)
    # at one size, at which the width of the drawn outline is known
    drawn = np.rint((points - low) * scale * 16).astype(np.int32)
    side = 196
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [drawn], 1, shift=4)
    line = np.zeros_like(mask)
    cv2.polylines(line, [drawn], True, 1, shift=4)
    filled = float(mask.sum()) - 0.5 * float(line.sum())
    signed = _shoelace(points) * scale**2
    # half of a drawn line lies inside the polygon, up to its corners
    slack = 0.12 * float(line.sum())
    return max(abs(filled - signed) - slack, 0.0) / max(filled, signed, 1.0)


def _shoelace(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float(x @ np.roll(y, -1) - np.roll(x, -1) @ y)) / 2


def _spike(points: np.ndarray, area: float) -> np.ndarray | None:
    """Find a point that lies far from both neighbours, which lie close together."""
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    length = np.linalg.norm(points - (before + after) / 2, axis=1)
    base = np.linalg.norm(after - before, axis=1)
    least = max(SPIKE_LENGTH * area**0.5, SPIKE_PIXELS)
    found = (length > least) & (length > SPIKE_RATIO * base)
    return points[int(np.where(found, length, 0).argmax())] if found.any() else None


def _around(point: np.ndarray, reach: int = 12) -> Box:
    x, y = np.rint(point).astype(int).tolist()
    return x - reach, y - reach, x + reach, y + reach


def _outside(index: int, points: np.ndarray, height: int, width: int) -> Iterator[LabelDefect]:
    beyond = np.maximum(-points, points - (width - 1, height - 1)).max(axis=1)
    count = int((beyond > OUTSIDE_PIXELS).sum())
    if count:
        reason = f'{count} of {len(points)} points lie outside the image, up to {beyond.max():.0f}'
        yield LabelDefect('points-outside', index, f'{reason} pixels', 0.7, box_of(points))


def _drawn_twice(polygons: Sequence[Polygon]) -> Iterator[LabelDefect]:
    """Find pairs of polygons of one class that are nearly the same."""
    by_class: dict[int, list[np.ndarray]] = {}
    for index, points in polygons:
        by_class.setdefault(index, []).append(points)
    for index, outlines in by_class.items():
        low = np.stack([points.min(axis=0) for points in outlines])
        high = np.stack([points.max(axis=0) for points in outlines])
        for number, points in enumerate(outlines):
            # what lies a pixel apart cannot be the same; drawing every pair would be slow
            near = (low < high[number] + 1).all(axis=1) & (high > low[number] - 1).all(axis=1)
            others = (outlines[other] for other in np.flatnonzero(near) if other > number)
            if any(_intersection_over_union(points, other) > SAME_OUTLINE for other in others):
                reason = 'it is drawn twice in the same place'
                yield LabelDefect('doubled', index, reason, 0.95, box_of(points))
                break


def _intersection_over_union(first: np.ndarray, second: np.ndarray) -> float:
    low = np.minimum(first.min(axis=0), second.min(axis=0))
    high = np.maximum(first.max(axis=0), second.max(axis=0))
    width, height = (np.ceil(high - low).astype(int) + 1).tolist()
    codes = rasterize([(0, first - low), (1, second - low)], height, width, 2)
    return float((codes == 3).sum() / max((codes > 0).sum(), 1))
