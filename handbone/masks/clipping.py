"""Polygons cut at the border of a rectangle."""

import numpy as np


def clip_polygon(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut a polygon at the outermost pixel centres of an image (Sutherland and Hodgman, 1974).

    Where the polygon leaves the image and comes back, both ends are joined along the border, so a
    drawn mask has the same pixels as before in the image.

    Args:
        points: (n, 2), x and y in pixels.
        size: Height and width of the image.

    Returns:
        (m, 2) float64; empty if the polygon is outside.

    >>> clip_polygon(np.array([[-2.0, 0], [2, 0], [2, 2], [-2, 2]]), (9, 9)).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    points = np.asarray(points, np.float64)
    for axis, limit in ((0, size[1] - 1), (1, size[0] - 1)):
        points = _cut(points, points[:, axis], axis, 0.0)
        points = _cut(points, limit - points[:, axis], axis, float(limit))
    return points


def _cut(points: np.ndarray, inside: np.ndarray, axis: int, border: float) -> np.ndarray:
    """Keep what is on one side of a line; ``inside`` (n,) is the distance, at least 0 there."""
    kept = []
    for index in range(len(points)):
        former = index - 1
        if (inside[index] < 0) != (inside[former] < 0):
            share = inside[former] / (inside[former] - inside[index])
            crossing = points[former] + share * (points[index] - points[former])
            crossing[axis] = border
            kept.append(crossing)
        if inside[index] >= 0:
            kept.append(points[index])
    return np.array(kept).reshape(-1, 2)
