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
