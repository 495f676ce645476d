"""Outlines of the shapes of annotation tools that are no polygons: ellipses, and what is turned."""

from collections.abc import Sequence

import numpy as np

#: Points of the polygon that stands for a circle or an ellipse.
ELLIPSE_POINTS = 64

Points = list[list[float]]


def ellipse_outline(x: float, y: float, radius_x: float, radius_y: float) -> Points:
    """List the points of a polygon that stands for an ellipse.

    Args:
        x: Of the centre, in pixels.
        y: Of the centre.
        radius_x: Half of its width.
        radius_y: Half of its height.

    Returns:
        :data:`ELLIPSE_POINTS` pairs of x and y.
    """
    angles = np.linspace(0, 2 * np.pi, ELLIPSE_POINTS, endpoint=False)
    points = np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1)
    found: Points = points.tolist()
    return found


def turned(points: Points, degrees: float, centre: Sequence[float]) -> Points:
    """Turn points clockwise, as they are seen in an image.

    >>> turned([[3.0, 1.0]], 90, (1.0, 1.0))
    [[1.0, 3.0]]

    Args:
        points: Pairs of x and y.
        degrees: The angle.
        centre: x and y of the point that stays.

    Returns:
        The points in their new places.
    """
    angle = np.deg2rad(degrees)
    across, down = (np.array(points) - centre).T
    cosine, sine = np.cos(angle), np.sin(angle)
    moved = across * cosine - down * sine, across * sine + down * cosine
    found: Points = (np.stack(moved, axis=1) + centre).tolist()
    return found
