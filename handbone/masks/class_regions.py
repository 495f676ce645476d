"""Each class of a packed map in its own box."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .packed import CLASSES_PER_PLANE, planes_of
from .rle import encode


class Region(NamedTuple):
    """Where one class is.

    Attributes:
        class_index: The class, from 0.
        left: First column of the box.
        top: First row of the box.
        mask: Bool array (h, w), the class within the box; contiguous.
    """

    class_index: int
    left: int
    top: int
    mask: np.ndarray


def regions(packed: np.ndarray, num_classes: int) -> Iterator[Region]:
    """Iterate over the classes in a packed map, each cut out in the box around it.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.

    Yields:
        One region for each class that has a pixel, in class order.

    Raises:
        HandboneError: If the map does not fit the number of classes.
    """
    planes = list(planes_of(packed))
    for class_index, runs in enumerate(encode(packed, num_classes)):
        if not len(runs):
            continue
        left, top, right, bottom = _bounds(runs, packed.shape[1])
        plane, bit = divmod(class_index, CLASSES_PER_PLANE)
        codes = planes[plane][top:bottom, left:right]
        mask = ((codes & np.int32(1 << bit)) != 0) & (codes >= 0)
        yield Region(class_index, left, top, np.ascontiguousarray(mask))


def _bounds(runs: np.ndarray, width: int) -> tuple[int, int, int, int]:
    """Find the box around row-major runs: left, top, and exclusive right and bottom."""
    first, last = runs[:, 0], runs.sum(axis=1) - 1
    top, bottom = int(first[0]) // width, int(last[-1]) // width + 1
    if (first // width != last // width).any():
        return 0, top, width, bottom
    return int((first % width).min()), top, int((last % width).max()) + 1, bottom
