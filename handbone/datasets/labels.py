"""What every kind of labels of an image can do, however they are kept."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Labels(Protocol):
    """The labels of one image before they are drawn: polygons, runs, or files of masks."""

    def draw(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Draw the labels at the size of the image.

        Args:
            height: Rows of the image.
            width: Columns of the image.
            num_classes: Number of classes.

        Returns:
            Packed map, int32, (H, W) for up to 31 classes, else (H, W, P).
        """

    def present(self) -> list[int]:
        """List the classes that the image has.

        Returns:
            Class indices, rising.
        """

    def class_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure which share of the image each class covers.

        Args:
            height: Rows of the image.
            width: Columns of the image.
            num_classes: Number of classes C.

        Returns:
            (C,) float64, shares from 0.
        """


def labels_of(info: Mapping[str, Any]) -> Labels | None:
    """Find the labels of an image of a dataset, which are polygons or anything else.

    Args:
        info: What the dataset says about the image, or the dict of a pipeline.

    Returns:
        The labels; None without annotation.
    """
    polygons = info.get('polygons')
    return info.get('masks') if polygons is None else polygons
