"""The polygons of one image, kept as a few flat arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.masks import rasterize


class Polygons(NamedTuple):
    """All polygons of one image in three arrays, which are small and quick to send to a worker.

    Attributes:
        points: (n, 2) float32, x and y in pixels of the original image, polygon after polygon.
        ends: (k,) int32, the end of each polygon in ``points``.
        classes: (k,) int32, the class index of each polygon.
    """

    points: np.ndarray
    ends: np.ndarray
    classes: np.ndarray

    def split(self) -> list[tuple[int, np.ndarray]]:
        """List the polygons one by one, as :func:`handbone.masks.rasterize` takes them.

        Returns:
            (class index, (n, 2) points) of each polygon; the points are views.
        """
        parts = np.split(self.points, self.ends[:-1]) if len(self.ends) else []
        return list(zip(self.classes.tolist(), parts, strict=True))

    def draw(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Draw the polygons; see :class:`handbone.datasets.labels.Labels`."""
        return rasterize(self.split(), height, width, num_classes)

    def present(self) -> list[int]:
        """List the classes that the image has.

        Returns:
            Class indices, rising.
        """
        return np.unique(self.classes).tolist()

    def class_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure which share of the image each class covers; overlaps of its polygons count twice.

        Args:
            height: Height of the image in pixels.
            width: Width of the image in pixels.
            num_classes: Number of classes C.

        Returns:
            (C,) float64, shares from 0.
        """
        return np.bincount(self.classes, self.areas(height, width), num_classes) / (height * width)

    def areas(self, height: int, width: int) -> np.ndarray:
        """Measure each polygon by the shoelace formula, after moving its points into the image.

        Args:
            height: Height of the image in pixels.
            width: Width of the image in pixels.

        Returns:
            (k,) float64, areas in square pixels.

        >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], np.float32)
        >>> Polygons(square, np.array([4]), np.array([0])).areas(height=10, width=10)
        array([16.])
        """
        if not len(self.ends):
            return np.zeros(0)
        x, y = self.points.T.astype(np.float64)
        x, y = x.clip(-0.5, width - 0.5), y.clip(-0.5, height - 0.5)
        starts = np.concatenate(([0], self.ends[:-1]))
        following = np.arange(1, len(x) + 1)
        following[self.ends - 1] = starts
        cross = x * y[following] - x[following] * y
        return np.abs(np.add.reduceat(cross, starts)) / 2


def pack_polygons(classes: Sequence[int], outlines: Sequence[np.ndarray]) -> Polygons:
    """Join polygons into flat arrays.

    Args:
        classes: Class index of each polygon.
        outlines: (n, 2) points of each polygon, x and y in pixels.

    Returns:
        The polygons.
    """
    points = np.concatenate(outlines) if outlines else np.zeros((0, 2))
    ends = np.cumsum([len(outline) for outline in outlines])
    return Polygons(points.astype(np.float32), ends.astype(np.int32), np.array(classes, np.int32))
