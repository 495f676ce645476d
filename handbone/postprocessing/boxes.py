"""The boxes that the classes of a packed map lie in, found in one scan."""

import numpy as np

from handbone.masks import CLASSES_PER_PLANE
from handbone.masks.packed import planes_of

#: Rows and columns.
Box = tuple[slice, slice]


def class_boxes(packed: np.ndarray, num_classes: int) -> dict[int, Box]:
    """Find the smallest box around each class.

    The codes of a row, combined by "or", tell which classes it has, and so do those of a column:
    two passes over the map serve all classes.

    Args:
        packed: Packed map, int32, (H, W) or (H, W, P).
        num_classes: Number of classes.

    Returns:
        By class index, in class order, the box of each class that is present.
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
            if rows is not None:
                boxes[index] = (rows, columns)
    return boxes


def grow(box: Box, margin: int, shape: tuple[int, int]) -> Box:
    """Enlarge a box on all sides, as far as the image goes.

    Args:
        box: Rows and columns.
        margin: Pixels.
        shape: Height and width of the image.

    Returns:
        The larger box.
    """
    rows, columns = (
        slice(max(0, side.start - margin), min(length, side.stop + margin))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns


def _ends(codes: np.ndarray, bit: int) -> slice | None:
    places = np.flatnonzero(codes & np.int32(1 << bit))
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else None
