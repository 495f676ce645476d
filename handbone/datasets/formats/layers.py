"""Annotations that lie over each other, where a pixel can have one class only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.masks.run_union import subtract_runs, unite_runs

#: What happens where annotations of different classes overlap.
OVERLAPS = ('keep', 'smaller', 'later')
#: The kind of loss that it causes.
COVERED = 'pixels of annotations under those of other classes'


class Layer(NamedTuple):
    """The pixels of one annotation.

    Attributes:
        number: Its place among the annotations of the image.
        class_index: Its class.
        runs: (n, 2) of [start, length], rising, in any order of pixels.
    """

    number: int
    class_index: int
    runs: np.ndarray


def uncovered(layers: Sequence[Layer], overlaps: str) -> tuple[dict[int, np.ndarray], int]:
    """Leave each annotation what none above it covers.

    Args:
        layers: The annotations of one image.
        overlaps: ``'smaller'`` puts the annotation with fewer pixels on top and of equal ones the
            later one; ``'later'`` the later one.

    Returns:
        Runs by class index, and the number of pixels that classes have lost to others.

    >>> lower, upper = (Layer(n, n, np.array([[2 * n, 4]])) for n in (0, 1))
    >>> runs, lost = uncovered([lower, upper], 'later')
    >>> runs[0].tolist(), runs[1].tolist(), lost
    ([[0, 2]], [[2, 4]], 2)
    """
    of_class: dict[int, list[np.ndarray]] = {}
    whole: dict[int, list[np.ndarray]] = {}
    covered = np.zeros((0, 2), np.int64)
    for layer in sorted(layers, key=lambda layer: _depth(layer, overlaps)):
        whole.setdefault(layer.class_index, []).append(layer.runs)
        of_class.setdefault(layer.class_index, []).append(subtract_runs(layer.runs, covered))
        covered = unite_runs([covered, layer.runs])
    left = {index: unite_runs(parts) for index, parts in of_class.items()}
    lost = sum(_pixels(unite_runs(parts)) for parts in whole.values()) - _pixels(covered)
    return left, lost


def _depth(layer: Layer, overlaps: str) -> tuple[int, int]:
    """Order of layers from the top."""
    return (_pixels(layer.runs) if overlaps == 'smaller' else 0), -layer.number


def _pixels(runs: np.ndarray) -> int:
    return int(runs[:, 1].sum())
