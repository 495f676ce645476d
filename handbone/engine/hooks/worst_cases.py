"""The images with the lowest scores, collected while a dataset is predicted."""

import heapq
from typing import NamedTuple

import numpy as np
from mmengine.dist import all_gather_object


class Case(NamedTuple):
    """An image and its score.

    Attributes:
        score: Mean Dice.
        path: Path of the image.
        text: Its caption.
        reference: Packed map of the reference masks.
        prediction: Packed map of the prediction.
    """

    score: float
    path: str
    text: str
    reference: np.ndarray
    prediction: np.ndarray


class WorstCases:
    """The images with the lowest scores so far, with coarse copies of their masks.

    Args:
        count: Number of images to keep.
        size: Minimum length of the longer side of a copy in pixels, if the map has as many.
    """

    def __init__(self, count: int, size: int) -> None:
        self._count = count
        self._size = size
        self._heap: list[tuple[float, str, Case]] = []

    def add(self, case: Case) -> None:
        """Keep an image if it is among the worst, and drop the best one if there are too many."""
        full = len(self._heap) == self._count
        if full and (not self._heap or case.score >= -self._heap[0][0]):
            return
        if any(case.path == path for _, path, _ in self._heap):
            return
        coarse = case._replace(
            reference=self._coarsen(case.reference), prediction=self._coarsen(case.prediction)
        )
        entry = (-case.score, case.path, coarse)
        (heapq.heapreplace if full else heapq.heappush)(self._heap, entry)

    def gather(self) -> list[Case]:
        """Merge the cases of all processes; all processes must call it.

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
