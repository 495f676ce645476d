"""The masks of one image in files that are read when they are drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handbone.masks import class_boxes, encode


@dataclass(frozen=True)
class MaskFiles:
    """Labels that stay in their files until they are needed.

    Attributes:
        read: Reads the files of the image into a packed map, from height, width and number of
            classes. It raises :class:`handbone.datasets.DatasetError` where they do not fit.
        size: Height and width of the image.
        num_classes: Number of classes.
    """

    read: Callable[[int, int, int], np.ndarray]
    size: tuple[int, int]
    num_classes: int

    def draw(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Read the masks; see :class:`handbone.datasets.labels.Labels`."""
        return self.read(height, width, num_classes)

    def present(self) -> list[int]:
        """List the classes that the image has."""
        return list(class_boxes(self.read(*self.size, self.num_classes), self.num_classes))

    def class_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure the share of each class; see :class:`handbone.datasets.labels.Labels`."""
        runs = encode(self.read(height, width, num_classes), num_classes)
        return np.array([each[:, 1].sum() for each in runs]) / (height * width)
