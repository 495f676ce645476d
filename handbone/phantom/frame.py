"""Position of the hand in the image, and the exposed part of the image."""

from dataclasses import dataclass

import numpy as np

from handbone.phantom.anatomy import Anatomy
from handbone.phantom.exposure import Exposure
from handbone.phantom.pose import Pose
from handbone.phantom.skeleton import Skeleton
from handbone.phantom.soft_tissue import hand_extent

#: Length of forearm that must be visible, in millimetres beyond the wrist.
VISIBLE_FOREARM = 42.0


@dataclass(frozen=True)
class Frame:
    """The mapping from coordinates of the hand (millimetres) to pixels, and the exposed field.

    Args:
        size: Side of the image in pixels.
        pixels_per_mm: Scale.
        matrix: Rotation and mirroring, shape (2, 2).
        origin: Pixel coordinates of the origin of the hand.
        extent: Box of the hand in pixels: left, top, right, bottom.
        field: Left, top, right and bottom edge of the exposed field in pixels.
    """

    size: int
    pixels_per_mm: float
    matrix: np.ndarray
    origin: np.ndarray
    extent: tuple[float, float, float, float]
    field: tuple[float, float, float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points.

        Args:
            points: Millimetres, shape (n, 2).

        Returns:
            Pixels, shape (n, 2).
        """
        return points @ self.matrix * self.pixels_per_mm + self.origin

    def outline(self, points: np.ndarray) -> np.ndarray:
        """Project an outline to quarter pixels, so that the result is the same on every processor.

        Args:
            points: Millimetres, shape (n, 2).

        Returns:
            Pixels, shape (m, 2), without repeated points.
        """
        rounded = np.rint(self.project(points) * 4.0) / 4.0
        return rounded[np.any(rounded != np.roll(rounded, 1, axis=0), axis=1)]

    def clip(self, outline: np.ndarray) -> np.ndarray:
        """Cut an outline at the exposed field (Sutherland and Hodgman 1974).

        Args:
            outline: Pixels, shape (n, 2).

        Returns:
            Pixels in quarters, shape (m, 2); empty if nothing is inside.
        """
        for axis, sign, limit in zip((0, 1, 0, 1), (1, 1, -1, -1), self.field, strict=True):
            inside = sign * (outline[:, axis] - limit)
            if len(outline) and inside.min() < 0.0:
                outline = _cut(outline, inside)
        return np.rint(outline * 4.0) / 4.0

    def collimate(self, image: np.ndarray) -> np.ndarray:
        """Blacken what was not exposed, with a narrow penumbra at the edge.

        Args:
            image: Grey values, uint8 array (S, S).

        Returns:
            The same with black borders.
        """
        left, top, right, bottom = self.field
        if (left, top, right, bottom) == (0.0, 0.0, self.size - 1.0, self.size - 1.0):
            return image
        soft = 2.0 * self.size / 2048.0
        places = np.arange(self.size)
        columns = _window(places, left, right, soft, self.size)
        rows = _window(places, top, bottom, soft, self.size)
        for lines, kept in ((image, rows), (image.T, columns)):
            shaded = np.flatnonzero(kept < 1.0)
            lines[shaded] = (lines[shaded] * kept[shaded, None]).astype(np.uint8)
        return image


def place_hand(
    skeleton: Skeleton,
    anatomy: Anatomy,
    pose: Pose,
    exposure: Exposure,
    mirrored: bool,
    size: int,
    forearm: float = VISIBLE_FOREARM,
) -> Frame:
    """Fit the hand into the image.

    Args:
        skeleton: The posed bones.
        anatomy: The shape of the patient's hand.
        pose: Rotation, share of the image and position.
        exposure: Collimator.
        mirrored: Whether it is a left hand.
        size: Side of the image in pixels.
        forearm: Length of forearm that counts as part of the hand, in millimetres from the wrist.

    Returns:
        The frame.
    """
    cos, sin = np.cos(np.radians(pose.turn)), np.sin(np.radians(pose.turn))
    # Image rows grow downwards, so the distal direction becomes negative y.
    matrix = np.array([[1.0, 0.0], [0.0, -1.0]]) @ np.array([[cos, sin], [-sin, cos]])
    if mirrored:
        matrix = matrix @ np.array([[-1.0, 0.0], [0.0, 1.0]])
    circles = hand_extent(skeleton, anatomy.scale, anatomy.flesh, forearm)
    centres = np.array([centre for centre, _ in circles]) @ matrix
    radii = np.array([radius for _, radius in circles])[:, None]
    low, high = (centres - radii).min(axis=0), (centres + radii).max(axis=0)
    last = size - 1.0
    scale = pose.fill * last / float((high - low).max())
    room = last - (high - low) * scale
    corner = room * np.array(pose.place)
    origin = corner - low * scale
    extent = (*corner, *(corner + (high - low) * scale))
    field = (0.0, 0.0, last, last)
    if exposure.collimated:
        gaps = (extent[0], extent[1], last - extent[2], last - extent[3])
        left, top, right, bottom = (
            np.rint(share * gap * 4.0) / 4.0
            for share, gap in zip(exposure.collimator, gaps, strict=True)
        )
        field = (left, top, last - right, last - bottom)
    return Frame(size, scale, matrix, origin, extent, field)


def _cut(outline: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Keep the part of an outline whose signed distance is not negative."""
    points = []
    for here, there, a, b in zip(
        outline, np.roll(outline, -1, axis=0), inside, np.roll(inside, -1), strict=True
    ):
        if a >= 0.0:
            points.append(here)
        if (a < 0.0) != (b < 0.0):
            points.append(here + (there - here) * (a / (a - b)))
    return np.array(points).reshape(-1, 2)


def _window(places: np.ndarray, low: float, high: float, soft: float, size: int) -> np.ndarray:
    """1 inside an interval, falling to 0 within ``soft`` pixels; image borders count as open."""
    rise = np.clip((places - low) / soft + 0.5, 0.0, 1.0) if low > 0.0 else np.ones(size)
    fall = np.clip((high - places) / soft + 0.5, 0.0, 1.0) if high < size - 1.0 else np.ones(size)
    return np.minimum(rise, fall)
