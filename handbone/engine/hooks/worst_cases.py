"""The images of lowest score, collected while a dataset goes by."""

import heapq
from typing import NamedTuple

import numpy as np
from mmengine.dist import all_gather_object


class Case(NamedTuple):
    """An image and its score.

    Attributes:
        score: Mean Dice.
        path: Path of the image.
        text: What the caption says of it.
        truth: Packed map.
        prediction: Packed map.
    """

    score: float
    path: str
    text: str
    truth: np.ndarray
    prediction: np.ndarray


class WorstCases:
    """The images of lowest score so far, with coarse copies of their masks.

    Args:
        count: Number of images to keep.
        size: Pixels that the longer side of a copy has at least, if the map has as many.
    """

    def __init__(self, count: int, size: int) -> None:
        self._count = count
        self._size = size
        self._heap: list[tuple[float, str, Case]] = []

    def add(self, case: Case) -> None:
        """Keep an image if it is among the worst, in place of the best of them."""
        full = len(self._heap) == self._count
        if full and (not self._heap or case.score >= -self._heap[0][0]):
            return
        if any(case.path == path for _, path, _ in self._heap):
            return
        coarse = case._replace(
            truth=self._coarsen(case.truth), prediction=self._coarsen(case.prediction)
        )
        entry = (-case.score, case.path, coarse)
        (heapq.heapreplace if full else heapq.heappush)(self._heap, entry)

    def gather(self) -> list[Case]:
        """Merge the cases of all processes. Every process calls it.

        Returns:
            The lowest score first, each path once.
        """
        merged: dict = {}
        for part in all_gather_object([case for *_, case in self._heap]):
            for case in part:
                merged.setdefault(case.path, case)
        return heapq.nsmallest(self._count, merged.values(), key=lambda case: case[:2])

    def _coarsen(self, packed: np.ndarray) -> np.ndarray:
        step = max(1, max(packed.shape[:2]) // self._size)
        return packed[step // 2 :: step, step // 2 :: step].copy()
