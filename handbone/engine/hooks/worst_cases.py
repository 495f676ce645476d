"""The images of lowest score, collected while a dataset goes by."""

import heapq

import numpy as np
from mmengine.dist import all_gather_object


class WorstCases:
    """The images of lowest score, with what the contact sheet shows of them.

    Args:
        count: Number of images to keep.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[float, str, str, np.ndarray]] = []

    def would_keep(self, score: float, path: str) -> bool:
        """Tell whether an image is among the worst so far, before it is drawn."""
        if any(path == other for _, other, *_ in self._heap):
            return False
        return len(self._heap) < self._count or score < -self._heap[0][0]

    def add(self, score: float, path: str, text: str, picture: np.ndarray) -> None:
        """Keep an image, and drop the best one if there are too many."""
        heapq.heappush(self._heap, (-score, path, text, picture))
        if len(self._heap) > self._count:
            heapq.heappop(self._heap)

    def gather(self) -> list[tuple[float, str, str, np.ndarray]]:
        """Merge the cases of all processes. Every process calls it.

        Returns:
            (score, path, text, picture), the lowest score first, each path once.
        """
        merged = {}
        for part in all_gather_object(self._heap):
            for score, path, text, picture in part:
                merged.setdefault(path, (-score, path, text, picture))
        return heapq.nsmallest(self._count, merged.values(), key=lambda case: case[:2])
