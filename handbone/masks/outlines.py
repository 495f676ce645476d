"""Outlines of masks with their holes, for formats that have polygons only.

A hole is joined to the outline around it by a cut, along which the outline runs to the hole and
back. The cut lies on a row of the mask, so that drawing it sets no pixel outside the mask.
"""

from collections.abc import Sequence

import cv2
import numpy as np


def trace_outlines(mask: np.ndarray, tolerance: float = 0.0) -> list[np.ndarray]:
    """Trace the outlines of a mask, with holes joined to the outline around them.

    With a tolerance of 0, :func:`handbone.masks.rasterize` draws exactly the same mask from them.
    Otherwise each outline is simplified by the method of Douglas and Peucker (1973).

    Args:
        mask: Bool array (h, w), contiguous.
        tolerance: Largest distance in pixels between a simplified outline and the traced one, at
            least 0.

    Returns:
        One int32 array (n, 2) of x and y for each connected part.

    >>> import numpy as np
    >>> trace_outlines(np.ones((3, 4), bool))[0].tolist()
    [[0, 0], [0, 2], [3, 2], [3, 0]]
    """
    # Most masks have no hole; only cuts need every pixel of the outlines.
    outlines, hierarchy = _contours(mask, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return []
    if (hierarchy[:, 3] < 0).all():
        if tolerance > 0:
            outlines = [_simplify_outline(outline, tolerance) for outline in outlines]
        return [outline[:, 0] for outline in outlines]
    outlines, hierarchy = _contours(mask, cv2.CHAIN_APPROX_NONE)
    assert hierarchy is not None  # the mask has outlines
    holes: dict[int, list[np.ndarray]] = {}
    for outline, (_, _, _, parent) in zip(outlines, hierarchy, strict=True):
        if parent >= 0:
            holes.setdefault(int(parent), []).append(outline[:, 0])
    return [
        _join(outline[:, 0], holes.get(index, ()), mask, tolerance)
        for index, outline in enumerate(outlines)
        if hierarchy[index, 3] < 0
    ]


def _contours(mask: np.ndarray, method: int) -> tuple[Sequence[np.ndarray], np.ndarray | None]:
    outlines, hierarchy = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, method)
    return outlines, None if hierarchy is None else hierarchy[0]


def _join(
    outer: np.ndarray, holes: Sequence[np.ndarray], mask: np.ndarray, tolerance: float
) -> np.ndarray:
    """Join holes to the outline around them.

    Holes are joined in the order of their leftmost columns: whatever lies to the left of a hole,
    the outline or another hole, has then been joined already.

    Args:
        outer: (n, 2), every pixel of the outline.
        holes: (n, 2) each, every mask pixel around each hole.
        mask: Bool array (h, w).
        tolerance: As in :func:`trace_outlines`.

    Returns:
        (n, 2) x and y.
    """
    points = outer.tolist()
    following = [*range(1, len(points)), 0]
    places = {tuple(point): place for place, point in reversed(list(enumerate(points)))}
    ends_of_cuts = set()
    for hole in sorted(holes, key=lambda hole: hole[:, 0].min()):
        hole = np.roll(hole, -int(hole[:, 0].argmin()), axis=0).tolist()
        x, y = hole[0]
        outside = np.flatnonzero(~mask[y, :x])
        place = places[int(outside[-1]) + 1 if len(outside) else 0, y]
        first, last = len(points), len(points) + len(hole)
        points += [*hole, hole[0], points[place]]
        following += [*range(first + 1, last + 2), following[place]]
        following[place] = first
        ends_of_cuts |= {place, first, last, last + 1}
        for offset, point in enumerate(hole):
            places.setdefault(tuple(point), first + offset)
    return _simplify(points, following, ends_of_cuts, tolerance)


def _simplify(
    points: list[list[int]], following: list[int], fixed: set[int], tolerance: float
) -> np.ndarray:
    """Walk around once and simplify the pieces between the ends of cuts."""
    walked, breaks, place = [points[0]], [0], following[0]
    while place != 0:
        if place in fixed:
            breaks.append(len(walked))
        walked.append(points[place])
        place = following[place]
    path = np.array(walked, np.int32)
    if tolerance > 0:
        breaks.append(len(path))
        path = np.concatenate([path, path[:1]])
        pieces = zip(breaks, breaks[1:], strict=False)
        simple = np.concatenate(
            [_simplify_piece(path[start : stop + 1], tolerance)[:-1] for start, stop in pieces]
        )
        return simple if len(simple) else path[:1]
    # Steps go to a neighbour or along a cut, so their signs are their directions.
    directions = np.sign(np.roll(path, -1, axis=0) - path)
    turns = (directions != np.roll(directions, 1, axis=0)).any(axis=1)
    turns[breaks] = True
    return path[turns]


def _simplify_outline(outline: np.ndarray, tolerance: float) -> np.ndarray:
    """Simplify a closed line (n, 1, 2); at least one point is kept."""
    simple = cv2.approxPolyDP(outline, tolerance, closed=True)
    return simple if len(simple) else outline[:1]


def _simplify_piece(piece: np.ndarray, tolerance: float) -> np.ndarray:
    """Simplify an open line; one that returns to its start is first cut at its farthest point."""
    farthest = int(np.abs(piece - piece[0]).sum(axis=1).argmax())
    if (piece[0] != piece[-1]).any() or farthest == 0:
        return cv2.approxPolyDP(piece[:, None], tolerance, closed=False)[:, 0]
    there = cv2.approxPolyDP(piece[: farthest + 1, None], tolerance, closed=False)[:, 0]
    back = cv2.approxPolyDP(piece[farthest:, None], tolerance, closed=False)[:, 0]
    return np.concatenate([there[:-1], back])
