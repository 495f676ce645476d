"""Metal in the image: rings, nail varnish, surgical wires and plates, and the lead letter."""

from dataclasses import dataclass

import cv2
import numpy as np

from handbone.phantom.attenuation import Projection

#: Attenuation of a lead letter.
LEAD = 6.0


@dataclass(frozen=True)
class Drawing:
    """A canvas for objects with sharp edges.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
    """

    canvas: np.ndarray

    def polygon(self, points: np.ndarray, value: float) -> None:
        """Add attenuation inside a polygon.

        Args:
            points: Pixels, shape (n, 2).
            value: Attenuation.
        """
        self._add([points], value)

    def line(self, points: np.ndarray, width: float, value: float) -> None:
        """Add attenuation along an open line.

        Args:
            points: Pixels, shape (n, 2).
            width: Width in pixels.
            value: Attenuation.
        """
        steps = np.gradient(points, axis=0)
        steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
        side = np.stack([-steps[:, 1], steps[:, 0]], axis=1) * width / 2
        self._add([np.concatenate([points + side, (points - side)[::-1]])], value)

    def _add(self, polygons: list[np.ndarray], value: float) -> None:
        everything = np.concatenate(polygons)
        size = np.array(self.canvas.shape[::-1])
        low = np.clip(np.floor(everything.min(axis=0)).astype(int) - 2, 0, size)
        high = np.clip(np.ceil(everything.max(axis=0)).astype(int) + 3, 0, size)
        if np.any(high <= low):
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        shifted = [np.rint((points - low) * 16.0).astype(np.int32) for points in polygons]
        cv2.fillPoly(mask, shifted, 255, lineType=cv2.LINE_AA, shift=4)
        self.canvas[low[1] : high[1], low[0] : high[0]] += mask * np.float32(value / 255.0)


def along_bone(projection: Projection, place: float, side: float) -> np.ndarray:
    """Find a point beside the axis of a bone.

    Args:
        projection: Where the bone lies.
        place: 0 at its base to 1 at its head.
        side: Millimetres across.

    Returns:
        Pixels (x, y).
    """
    base, head = projection.axis
    along = head - base
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    return base + along * place + across * side * projection.pixels_per_mm


def draw_ring(
    drawing: Drawing, phalanx: Projection, half_width: float, rng: np.random.Generator
) -> None:
    """Put a ring on a proximal phalanx: a band seen slightly from above, sometimes with a stone.

    Args:
        drawing: Where to draw.
        phalanx: The phalanx inside the ring.
        half_width: Half width of the finger in millimetres.
        rng: Source of randomness.
    """
    place, height = rng.uniform(0.3, 0.55), rng.uniform(1.4, 4.0)
    bow = rng.uniform(-1.3, 1.3)
    length = float(np.linalg.norm(phalanx.axis[1] - phalanx.axis[0])) / phalanx.pixels_per_mm
    for sign, value in ((1.0, 1.6), (-1.0, 1.3)):
        turn = np.linspace(-1.0, 1.0, 33)
        lift = sign * bow * np.sqrt(1.0 - turn**2) / length
        arc = zip(place + lift, turn * half_width, strict=True)
        points = np.array([along_bone(phalanx, along, across) for along, across in arc])
        drawing.line(points, height * phalanx.pixels_per_mm, value)
    if rng.random() < 0.4:
        stone, radius = along_bone(phalanx, place, rng.normal()), rng.uniform(1.5, 3.5)
        drawing.polygon(stone + _ellipse(radius, radius, 0.0) * phalanx.pixels_per_mm, 1.2)


def draw_nail_art(
    drawing: Drawing, phalanx: Projection, half_width: float, rng: np.random.Generator
) -> None:
    """Paint a nail: a thin coat that contains metal, often with a few denser grains.

    Args:
        drawing: Where to draw.
        phalanx: The distal phalanx under the nail.
        half_width: Half width of the nail in millimetres.
        rng: Source of randomness.
    """
    scale = phalanx.pixels_per_mm
    along = phalanx.axis[1] - phalanx.axis[0]
    turn = float(np.arctan2(along[1], along[0]))
    centre = along_bone(phalanx, 0.85, 0.0)
    coat = centre + _ellipse(rng.uniform(5.0, 8.0), half_width, turn, 0.6) * scale
    drawing.polygon(coat, rng.uniform(0.08, 0.4))
    for _ in range(int(rng.integers(0, 5))):
        place = along_bone(phalanx, rng.uniform(0.7, 1.15), rng.uniform(-0.7, 0.7) * half_width)
        radius = rng.uniform(0.4, 1.3)
        drawing.polygon(place + _ellipse(radius, radius, 0.0) * scale, rng.uniform(0.5, 1.5))


def draw_wires(drawing: Drawing, bone: Projection, rng: np.random.Generator) -> None:
    """Fix a bone with one to three surgical wires that cross it diagonally.

    Args:
        drawing: Where to draw.
        bone: The bone.
        rng: Source of randomness.
    """
    for _ in range(int(rng.integers(1, 4))):
        low, high = rng.uniform(-0.15, 0.3), rng.uniform(0.6, 1.1)
        side = rng.uniform(3.0, 9.0) * rng.choice((-1.0, 1.0))
        ends = np.array([along_bone(bone, low, side), along_bone(bone, high, -side * 0.6)])
        drawing.line(ends, rng.uniform(1.1, 1.7) * bone.pixels_per_mm, 2.2)


def draw_plate(drawing: Drawing, bone: Projection, rng: np.random.Generator) -> None:
    """Fix a bone with a plate and screws.

    Args:
        drawing: Where to draw.
        bone: The bone.
        rng: Source of randomness.
    """
    low, high = rng.uniform(0.12, 0.3), rng.uniform(0.65, 0.9)
    shift, width = rng.normal() * 1.0, rng.uniform(4.5, 6.0)
    ends = np.array([along_bone(bone, place, shift) for place in (low, high)])
    drawing.line(ends, width * bone.pixels_per_mm, 1.1)
    for place in np.linspace(low + 0.05, high - 0.05, int(rng.integers(4, 7))):
        head = along_bone(bone, float(place), shift)
        drawing.polygon(head + _ellipse(1.9, 1.9, 0.0) * bone.pixels_per_mm, 1.4)


def draw_marker(
    drawing: Drawing,
    letter: str,
    field: tuple[float, float, float, float],
    place: tuple[float, float, float],
) -> None:
    """Put a lead letter into the emptiest corner of the exposed field.

    Args:
        drawing: Where to draw.
        letter: 'R' or 'L'.
        field: Left, top, right and bottom edge of the field in pixels.
        place: Distances from the corner as shares of the image, and the rotation in degrees.
    """
    size = drawing.canvas.shape[0]
    height = 0.035 * size
    x, y = place[0] * size, place[1] * size
    columns = (field[0] + x, field[2] - x - 0.6 * height)
    rows = (field[1] + y + height, field[3] - y)
    corners = [(column, row) for row in rows for column in columns]
    corner = min(corners, key=lambda candidate: _covered(drawing.canvas, candidate, height))
    cos, sin = np.cos(np.radians(place[2])), np.sin(np.radians(place[2]))
    turn = np.array([[cos, sin], [-sin, cos]])
    for stroke in _LETTERS[letter]:
        points = np.array(stroke) * height * (1.0, -1.0) @ turn + corner
        drawing.line(points, 0.15 * height, LEAD)


def _covered(canvas: np.ndarray, corner: tuple[float, float], height: float) -> float:
    """Largest attenuation where a letter would be."""
    column, row = int(corner[0]), int(corner[1])
    reach = int(height)
    return float(
        canvas[max(row - 2 * reach, 0) : row + reach, max(column - reach, 0) : column + 2 * reach]
        .max(initial=0.0)
        .round(3)
    )


def _ellipse(along: float, across: float, turn: float, power: float = 1.0) -> np.ndarray:
    """Outline of an ellipse around the origin, more square for powers below 1, shape (32, 2)."""
    angle = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.sign(circle) * np.abs(circle) ** power * (along, across)
    cos, sin = np.cos(turn), np.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]])


_BOWL = [(0.30 * np.sin(t) + 0.28, 0.75 + 0.25 * np.cos(t)) for t in np.linspace(0.0, np.pi, 13)]
_LETTERS = {
    'L': [[(0.07, 1.0), (0.07, 0.5), (0.07, 0.0)], [(0.0, 0.07), (0.3, 0.07), (0.6, 0.07)]],
    'R': [
        [(0.07, 0.0), (0.07, 0.5), (0.07, 1.0)],
        [(0.0, 1.0), (0.14, 1.0), *_BOWL, (0.14, 0.5), (0.0, 0.5)],
        [(0.28, 0.5), (0.45, 0.25), (0.62, 0.0)],
    ],
}
