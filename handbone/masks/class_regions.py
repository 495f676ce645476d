"""Where each class of a packed map is: its box, and its mask in the box."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .packed import CLASSES_PER_PLANE, planes_of
from .rle import encode

#: Rows and columns.
Box = tuple[slice, slice]


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


def class_boxes(packed: np.ndarray, num_classes: int) -> dict[int, Box]:
    """Find the smallest box around each class.

    Combined by "or", the codes of a row tell which classes it contains, and likewise those of a
    column, so two passes over the map find the boxes of all classes.

    Args:
        packed: Packed map, int32, (H, W) or (H, W, P).
        num_classes: Number of classes.

    Returns:
        Rows and columns of each class that is present, by class index, in class order. Ignored
        pixels count as they are stored.

    >>> class_boxes(np.array([[0, 1, 1], [0, 2, 0]], np.int32), 2)
    {0: (slice(0, 1, None), slice(1, 3, None)), 1: (slice(1, 2, None), slice(1, 2, None))}
    """
    boxes = {}
    for plane, codes in enumerate(planes_of(packed)):
        ends = []
        for axis in (1, 0):
            found = np.bitwise_or.reduce(codes, axis=axis)
            ends.append([_ends(found, bit) for bit in range(CLASSES_PER_PLANE)])
        first = plane * CLASSES_PER_PLANE
        for index in range(first, min(first + CLASSES_PER_PLANE, num_classes)):
            rows, columns = (axis_ends[index - first] for axis_ends in ends)
            if rows is not None and columns is not None:
                boxes[index] = (rows, columns)
    return boxes


def _bounds(runs: np.ndarray, width: int) -> tuple[int, int, int, int]:
    """Find the box around row-major runs: left, top, and exclusive right and bottom."""
    first, last = runs[:, 0], runs.sum(axis=1) - 1
    top, bottom = int(first[0]) // width, int(last[-1]) // width + 1
    if (first // width != last // width).any():
        return 0, top, width, bottom
    return int((first % width).min()), top, int((last % width).max()) + 1, bottom


def _ends(codes: np.ndarray, bit: int) -> slice | None:
    """Find the first and last place whose code has a bit."""
    places = np.flatnonzero(codes & np.int32(1 << bit))
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else None
