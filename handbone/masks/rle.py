"""Run-length encoding of packed label maps.

The runs of one class are an int64 array (n, 2) of [start, length]: starts counted from 0, rising,
each run ending before the next begins. The text form counts starts from 1.

One scan finds where the packed code changes; the runs of all classes follow from those places.
"""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from handbone.errors import HandboneError, counted

from .packed import CLASSES_PER_PLANE, check_planes, num_planes, planes_of

Order = Literal['C', 'F']


def encode(packed: np.ndarray, num_classes: int, order: Order = 'C') -> list[np.ndarray]:
    """Find the runs of every class.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.
        order: 'C' is row by row, 'F' column by column as in pycocotools.

    Returns:
        One int64 array (n, 2) of [start, length] per class, starts counted from 0.

    Raises:
        HandboneError: If the map does not fit the number of classes, or the order is unknown.

    >>> import numpy as np
    >>> [runs.tolist() for runs in encode(np.array([[1, 3], [0, 2]], np.int32), 2)]
    [[[0, 2]], [[1, 1], [3, 1]]]
    """
    check_planes(packed, num_classes)
    _check_order(order)
    runs: list[np.ndarray] = []
    for plane in planes_of(packed):
        starts, codes = _segments_by_row(plane) if order == 'C' else _segments_by_column(plane)
        codes[codes < 0] = 0
        outside = np.zeros(1, np.int32)
        changes = np.concatenate([codes, outside]) ^ np.concatenate([outside, codes])
        edges = np.append(starts, plane.size)
        for bit in range(min(CLASSES_PER_PLANE, num_classes - len(runs))):
            class_runs = edges[np.flatnonzero(changes & np.int32(1 << bit))].reshape(-1, 2)
            class_runs[:, 1] -= class_runs[:, 0]
            runs.append(class_runs)
    return runs


def decode(runs: Sequence[np.ndarray], height: int, width: int, order: Order = 'C') -> np.ndarray:
    """Draw runs into a packed map.

    Args:
        runs: One array (n, 2) of [start, length] per class, starts counted from 0.
        height: Rows of the map.
        width: Columns of the map.
        order: 'C' is row by row, 'F' column by column.

    Returns:
        Packed map, int32, (H, W) for up to 31 classes, else (H, W, P).

    Raises:
        HandboneError: If runs are out of range, overlap or are out of order.

    >>> decode([[[0, 2]], [[1, 1], [3, 1]]], 2, 2)
    array([[1, 3],
           [0, 2]], dtype=int32)
    """
    _check_order(order)
    checked = []
    for index, class_runs in enumerate(runs):
        checked.append(np.asarray(class_runs, np.int64).reshape(-1, 2))
        check_runs(checked[-1], height * width, f'class {index}: ')
    shape = (height, width) if order == 'C' else (width, height)
    planes = []
    for plane in range(num_planes(len(runs))):
        of_plane = checked[plane * CLASSES_PER_PLANE : (plane + 1) * CLASSES_PER_PLANE]
        drawn = _draw(of_plane, height * width).reshape(shape)
        planes.append(drawn if order == 'C' else _transposed(drawn))
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


def _transposed(plane: np.ndarray) -> np.ndarray:
    # votes and scores of overlaps never get here, and start faster without it
    import cv2

    return cv2.transpose(plane)


def runs_to_string(runs: np.ndarray) -> str:
    """Write runs as 'start length start length ...', starts counted from 1.

    Args:
        runs: (n, 2) of [start, length], starts counted from 0.

    Returns:
        The text, empty without runs.

    >>> runs_to_string([[0, 2], [5, 1]])
    '1 2 6 1'
    """
    from_one = np.asarray(runs, np.int64).reshape(-1, 2) + (1, 0)
    return ' '.join(map(str, from_one.ravel().tolist()))


def string_to_runs(text: str, num_pixels: int | None = None) -> np.ndarray:
    """Read runs from 'start length start length ...', starts counted from 1.

    Args:
        text: The text, empty for an empty mask.
        num_pixels: Pixels of the map, to check that no run ends outside it.

    Returns:
        Int64 array (n, 2) of [start, length], starts counted from 0.

    Raises:
        HandboneError: If the text has something other than whole numbers, an odd count of them,
            a start or a length below 1, or runs that overlap, are out of order or out of range.

    >>> string_to_runs('1 2 6 1').tolist()
    [[0, 2], [5, 1]]
    """
    words = text.split()
    for place, word in enumerate(words):
        if not re.fullmatch(r'[+-]?[0-9]{1,18}', word):
            raise HandboneError(f'RLE value {place + 1} is {word!r}, which is not a whole number.')
    if len(words) % 2:
        raise HandboneError(
            f'RLE has {counted(len(words), "value")}, an odd count; it needs pairs of start and '
            'length.'
        )
    runs = np.array(words, np.int64).reshape(-1, 2) - (1, 0)
    check_runs(runs, num_pixels)
    return runs


def check_runs(runs: np.ndarray, num_pixels: int | None, place: str = '') -> None:
    """Check that runs rise, do not overlap and lie within a map.

    Args:
        runs: Int64 (n, 2) of [start, length], starts counted from 0.
        num_pixels: Pixels of the map, or None if they are not known.
        place: Words to put in front of an error.

    Raises:
        HandboneError: If they do not. It counts runs and starts from 1, as the text form does.
    """
    starts, lengths = runs[:, 0], runs[:, 1]
    stops = starts + lengths

    def fail(faulty: np.ndarray, fault: str) -> None:
        if faulty.any():
            number = int(faulty.argmax())
            raise HandboneError(
                f'RLE {place}run {number + 1} ({starts[number] + 1} {lengths[number]}) {fault}'
            )

    fail(starts < 0, 'starts below 1; starts count from 1.')
    fail(lengths < 1, 'is shorter than 1 pixel.')
    after = np.concatenate([[False], starts[1:] < stops[:-1]])
    fail(after, 'begins before the previous run ends.')
    if num_pixels is not None:
        fail(stops > num_pixels, f'ends outside the map of {counted(num_pixels, "pixel")}.')


def change_points(*codes: np.ndarray) -> np.ndarray:
    """Find where any of several flat arrays changes its value.

    Args:
        *codes: Arrays of the same length, at least 1.

    Returns:
        Rising int64 positions at which a value differs from the previous one, and 0 first.
    """
    changed = codes[0][1:] != codes[0][:-1]
    for other in codes[1:]:
        changed |= other[1:] != other[:-1]
    places = np.flatnonzero(changed)
    places += 1
    return np.concatenate([np.zeros(1, np.int64), places])


def _segments_by_row(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a plane row by row into segments of one code: their starts and codes."""
    if not plane.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    flat = plane.ravel()
    starts = change_points(flat)
    return starts, flat[starts]


def _segments_by_column(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a plane column by column into segments of one code: their starts and codes.

    Comparing rows with rows and sorting what differs is faster than transposing the plane.
    """
    if not plane.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    height, width = plane.shape
    rows, columns = np.divmod(np.flatnonzero(plane[1:] != plane[:-1]), width)
    tops = np.flatnonzero(plane[0, 1:] != plane[-1, :-1]) + 1
    starts = np.concatenate([np.zeros(1, np.int64), columns * height + rows + 1, tops * height])
    starts.sort()
    columns, rows = np.divmod(starts, height)
    return starts, plane[rows, columns]


def _draw(runs: Sequence[np.ndarray], num_pixels: int) -> np.ndarray:
    """Draw the runs of up to 31 classes into one flat int32 array."""
    edges = np.concatenate([edge for one in runs for edge in (one[:, 0], one.sum(axis=1))])
    bits = np.repeat(np.int32(1) << np.arange(len(runs)), [2 * len(one) for one in runs])
    order = np.argsort(edges, kind='stable')
    codes = np.bitwise_xor.accumulate(bits.astype(np.int32)[order])
    lengths = np.diff(edges[order], prepend=0, append=num_pixels)
    return np.repeat(np.concatenate([np.zeros(1, np.int32), codes]), lengths)


def _check_order(order: str) -> None:
    if order not in ('C', 'F'):
        raise HandboneError(f"The order of runs must be 'C' or 'F', got {order!r}.")
