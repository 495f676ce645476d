"""Run-length encoding of packed label maps.

The runs of one class are an int64 array (n, 2) of [start, length], starts counted from 0, in
rising order, neighbours apart by at least one pixel. The text form counts starts from 1.
"""

from collections.abc import Sequence

import numpy as np

from .packed import CLASSES_PER_PLANE, empty, planes_of


def encode(packed: np.ndarray, num_classes: int, order: str = 'C') -> list[np.ndarray]:
    """Find the runs of every class.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.
        order: 'C' goes row by row, 'F' column by column as pycocotools does.

    Returns:
        One int64 array (n, 2) of [start, length] a class.
    """
    runs = []
    for plane in planes_of(packed):
        code = plane.ravel(order=order)
        code = np.where(code < 0, 0, code)
        boundaries = np.flatnonzero(code[1:] != code[:-1]) + 1
        starts = np.concatenate([[0], boundaries])
        values = code[starts]
        stops = np.append(boundaries, code.size)
        for bit in range(min(CLASSES_PER_PLANE, num_classes - len(runs))):
            inside = np.concatenate([[0], (values >> bit) & 1, [0]])
            change = np.diff(inside)
            first = starts[change[:-1] == 1]
            last = stops[change[1:] == -1]
            runs.append(np.stack([first, last - first], axis=1).astype(np.int64))
    return runs


def decode(runs: Sequence[np.ndarray], height: int, width: int, order: str = 'C') -> np.ndarray:
    """Draw runs into a packed map.

    Args:
        runs: One array (n, 2) of [start, length] a class.
        height: Rows of the map.
        width: Columns of the map.
        order: 'C' goes row by row, 'F' column by column.

    Returns:
        Packed map, (H, W) or (H, W, P).
    """
    packed = empty(height, width, len(runs))
    planes = list(planes_of(packed))
    for index, class_runs in enumerate(runs):
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        flat = np.zeros(height * width, np.int32)
        for start, length in class_runs:
            flat[start : start + length] = 1 << bit
        planes[plane] |= flat.reshape(height, width, order=order)
    return packed


def runs_to_string(runs: np.ndarray) -> str:
    """Write runs as 'start length start length ...', starts counted from 1.

    Args:
        runs: (n, 2) of [start, length], starts counted from 0.

    Returns:
        The text, empty if there is no run.
    """
    runs = np.asarray(runs).reshape(-1, 2) + (1, 0)
    return ' '.join(map(str, runs.ravel().tolist()))


def string_to_runs(text: str, num_pixels: int | None = None) -> np.ndarray:
    """Read runs from 'start length start length ...', starts counted from 1.

    Args:
        text: The text, empty if there is no run.
        num_pixels: Pixels of the map; runs must end within it.

    Returns:
        Int64 array (n, 2) of [start, length], starts counted from 0.

    Raises:
        ValueError: If the text is not a list of rising runs that do not overlap.
    """
    numbers = np.array([int(word) for word in text.split()], np.int64)
    if numbers.size % 2:
        raise ValueError(f'RLE has an odd number of values, {numbers.size}.')
    runs = numbers.reshape(-1, 2) - (1, 0)
    stops = runs.sum(axis=1)
    if (runs[:, 0] < 0).any() or (runs[:, 1] < 1).any():
        raise ValueError('RLE starts count from 1 and lengths are at least 1.')
    if (runs[1:, 0] < stops[:-1]).any():
        raise ValueError('RLE runs overlap or are out of order.')
    if num_pixels is not None and runs.size and stops[-1] > num_pixels:
        raise ValueError(f'RLE ends at pixel {stops[-1]} of {num_pixels}.')
    return runs
