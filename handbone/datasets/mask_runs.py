"""The masks of one image as runs, kept in a few flat arrays."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from handbone.masks import decode
from handbone.masks.rle import Order


class MaskRuns(NamedTuple):
    """The masks of all classes of an image as runs, which are small and quick to send to a worker.

    Attributes:
        runs: (n, 2) int32 of [start, length], starts from 0, class after class.
        ends: (k,) int32, the end of each class in ``runs``.
        classes: (k,) int32, class indices, each once.
        order: 'C' runs along rows, 'F' along columns.
    """

    runs: np.ndarray
    ends: np.ndarray
    classes: np.ndarray
    order: Order

    def draw(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Draw the masks; see :class:`handbone.datasets.labels.Labels`."""
        nothing = self.runs[:0]
        parts = [nothing] * num_classes
        starts = [0, *self.ends.tolist()]
        for class_index, start, stop in zip(self.classes, starts, self.ends, strict=False):
            parts[class_index] = self.runs[start:stop]
        return decode(parts, height, width, self.order)

    def present(self) -> list[int]:
        """List the classes that the image has."""
        return sorted(self.classes.tolist())

    def class_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure the share of each class; see :class:`handbone.datasets.labels.Labels`."""
        shares = np.zeros(num_classes)
        if len(self.ends):
            starts = np.concatenate([[0], self.ends[:-1]])
            shares[self.classes] = np.add.reduceat(self.runs[:, 1].astype(np.int64), starts)
        return shares / (height * width)


def crop_runs(masks: MaskRuns, size: tuple[int, int], box: tuple[int, int, int, int]) -> MaskRuns:
    """Cut a rectangle out of the masks without drawing them.

    >>> masks = pack_runs({0: np.array([[1, 5]])}, 'C')  # of 2 x 4 pixels
    >>> crop_runs(masks, (2, 4), (0, 1, 2, 2)).draw(2, 2, 1).tolist()
    [[1, 1], [1, 0]]

    Args:
        masks: The masks.
        size: Height and width of the image.
        box: Top, left, height and width of the rectangle, within the image.

    Returns:
        The masks of the rectangle; classes without a pixel in it are left out.
    """
    first, line, length = (
        (box[0], box[2], size[1]) if masks.order == 'C' else (box[1], box[3], size[0])
    )
    start, stop = (box[1], box[1] + box[3]) if masks.order == 'C' else (box[0], box[0] + box[2])
    cut = {}
    starts = [0, *masks.ends.tolist()]
    for index, begin, end in zip(masks.classes.tolist(), starts, masks.ends, strict=False):
        runs = masks.runs[begin:end].astype(np.int64)
        # runs rise, so those that reach the lines of the rectangle follow each other
        reach = (runs.sum(axis=1) > first * length, runs[:, 0] < (first + line) * length)
        pieces = _by_line(runs[reach[0] & reach[1]], length)
        inside = (pieces[:, 0] >= first) & (pieces[:, 0] < first + line)
        lines, (left, right) = pieces[inside, 0] - first, pieces[inside, 1:].clip(start, stop).T
        kept = right > left
        moved = lines * (stop - start) + left - start
        cut[index] = np.column_stack([moved, right - left])[kept]
    return pack_runs(cut, masks.order)


def _by_line(runs: np.ndarray, length: int) -> np.ndarray:
    """Cut runs at the ends of lines: int64 (n, 3) of line, and first and end place within it."""
    starts, ends = runs[:, 0], runs.sum(axis=1)
    first, last = starts // length, (ends - 1) // length
    pieces = last - first + 1
    run = np.repeat(np.arange(len(runs)), pieces)
    lines = np.arange(len(run)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[run]
    begin = np.maximum(starts[run] - lines * length, 0)
    return np.column_stack([lines, begin, np.minimum(ends[run] - lines * length, length)])


def pack_runs(of_class: Mapping[int, np.ndarray], order: Order) -> MaskRuns:
    """Join the runs of several classes into flat arrays; classes without a run are left out.

    Args:
        of_class: Runs (n, 2) of [start, length] by class index.
        order: 'C' runs along rows, 'F' along columns.

    Returns:
        The masks.
    """
    kept = {index: runs for index, runs in of_class.items() if len(runs)}
    runs = np.concatenate(list(kept.values())) if kept else np.zeros((0, 2))
    ends = np.cumsum([len(each) for each in kept.values()])
    return MaskRuns(
        runs.astype(np.int32), ends.astype(np.int32), np.array(list(kept), np.int32), order
    )
