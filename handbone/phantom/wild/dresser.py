"""A canvas in millimetres of a hand."""

import numpy as np

from handbone.phantom.accessories import Drawing
from handbone.phantom.scene import Scene


class Dresser:
    """Draws in millimetres of the hand.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        scene: The hand.
        rng: Source of randomness.
    """

    def __init__(self, canvas: np.ndarray, scene: Scene, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.scene = scene
        self.rng = rng
        self.drawing = Drawing(canvas)
        self.pixels = scene.frame.pixels_per_mm * scene.anatomy.scale
        self.wrist, far = scene.skeleton.wrist
        self.away = (far - self.wrist) / np.linalg.norm(far - self.wrist)
        self.across = np.array([self.away[1], -self.away[0]])

    def forearm(self, along: float | np.ndarray, across: float | np.ndarray) -> np.ndarray:
        """Find points on the forearm.

        Args:
            along: Millimetres from the wrist towards the elbow, a number or shape (n,).
            across: Millimetres across, likewise.

        Returns:
            Millimetres in the frame of the hand, shape (2,) or (n, 2).
        """
        steps = np.multiply.outer(along, self.away) + np.multiply.outer(across, self.across)
        return self.wrist + steps * self.scene.anatomy.scale

    def line(self, points: np.ndarray, width: float, value: float) -> None:
        """Draw a line.

        Args:
            points: Millimetres, shape (n, 2).
            width: Millimetres.
            value: Attenuation.
        """
        self.drawing.line(self.scene.frame.project(points), max(0.7, width * self.pixels), value)

    def disc(self, centre: np.ndarray, radius: float, value: float, corners: int = 40) -> None:
        """Draw a disc or a polygon with equal sides.

        Args:
            centre: Millimetres.
            radius: Millimetres.
            value: Attenuation.
            corners: Number of corners.
        """
        turn = (np.arange(corners) + 0.5) * 2.0 * np.pi / corners
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        points = centre + circle * radius * self.scene.anatomy.scale
        self.drawing.polygon(self.scene.frame.project(points), value)
