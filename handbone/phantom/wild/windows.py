"""Convex windows through which a hand is seen: exposed fields, sheets and the frame itself."""

import numpy as np


def frame_window(size: int) -> np.ndarray:
    """Corners of the whole image.

    Args:
        size: Side of the image in pixels.

    Returns:
        Centres of the corner pixels, clockwise as seen in the image, shape (4, 2).
    """
    last = size - 1.0
    return np.array([(0.0, last), (0.0, 0.0), (last, 0.0), (last, last)])


def inward_normals(corners: np.ndarray) -> np.ndarray:
    """Compute the unit normals of the edges of a window, each from a corner to the next.

    Args:
        corners: Corners of a convex polygon, clockwise as seen in the image, shape (k, 2).

    Returns:
        Normals that point inside, shape (k, 2).
    """
    along = np.roll(corners, -1, axis=0) - corners
    return np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]


def depth_inside(corners: np.ndarray, size: int) -> np.ndarray:
    """Measure how far every pixel lies inside a window.

    Args:
        corners: Corners in pixels, clockwise as seen in the image, shape (k, 2).
        size: Side of the image in pixels.

    Returns:
        Pixels to the nearest edge, negative outside, float32 array (size, size).
    """
    places = np.arange(size)
    depth = np.full((size, size), np.inf, np.float32)
    for corner, normal in zip(corners, inward_normals(corners), strict=True):
        columns = ((places - corner[0]) * normal[0]).astype(np.float32)
        rows = ((places - corner[1]) * normal[1]).astype(np.float32)
        np.minimum(depth, rows[:, None] + columns[None, :], out=depth)
    return depth


def parts_inside(outline: np.ndarray, corners: np.ndarray) -> list[np.ndarray]:
    """Cut an outline at the edges of a window.

    Where several parts of a bone are inside, each has its own outline: one outline of all would run
    along the edge between them, and everything under an outline counts as bone.

    Args:
        outline: Pixels, shape (n, 2), without crossings.
        corners: Corners of the window, clockwise as seen in the image, shape (k, 2).

    Returns:
        Outlines of the parts that are inside, not rounded, shape (m, 2) each.
    """
    parts = [outline]
    for corner, normal in zip(corners, inward_normals(corners), strict=True):
        parts = [kept for part in parts for kept in cut_at_line(part, corner, normal)]
    return parts


def cut_at_line(outline: np.ndarray, corner: np.ndarray, normal: np.ndarray) -> list[np.ndarray]:
    """Keep the parts of an outline on one side of a line.

    Args:
        outline: Points, shape (n, 2), without crossings.
        corner: A point of the line.
        normal: Unit vector across the line, to the side that is kept.

    Returns:
        Outlines of the parts, shape (m, 2) each.
    """
    inside = (outline - corner) @ normal
    if inside.min() >= 0.0:
        return [outline]
    if inside.max() < 0.0:
        return []
    # Start behind the line, so that every chain of inner points is complete.
    first = int(np.argmin(inside))
    outline, inside = np.roll(outline, -first, axis=0), np.roll(inside, -first)
    there, beyond = np.roll(outline, -1, axis=0), np.roll(inside, -1)
    edges = np.flatnonzero((inside < 0.0) != (beyond < 0.0))
    share = inside[edges] / (inside[edges] - beyond[edges])
    crossings = outline[edges] + (there[edges] - outline[edges]) * share[:, None]
    chains = [
        np.concatenate(
            [crossings[k : k + 1], outline[start + 1 : end + 1], crossings[k + 1 : k + 2]]
        )
        for k, start, end in zip(range(0, len(edges), 2), edges[::2], edges[1::2], strict=True)
    ]
    return _join(chains, crossings @ (-normal[1], normal[0]))


def _join(chains: list[np.ndarray], crossings: np.ndarray) -> list[np.ndarray]:
    """Close chains along the line: between its first and second crossing is bone, and so on.

    Crossing 2k is where chain k begins, crossing 2k + 1 is where it ends.
    """
    order = np.argsort(crossings, kind='stable')
    rank = np.argsort(order, kind='stable')
    parts, left = [], set(range(len(chains)))
    while left:
        chain = min(left)
        points = []
        while chain in left:
            left.remove(chain)
            points.append(chains[chain])
            chain = int(order[rank[2 * chain + 1] ^ 1]) // 2
        parts.append(np.concatenate(points))
    return parts
