"""Images of a dataset by the classes that they have."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..known_labels import present_classes


class ClassSources:
    """Draw images that have a class.

    Which classes an image has is asked when it is drawn for the first time, and kept. What is drawn
    depends on the random numbers and the dataset alone, not on what was drawn before.
    """

    def __init__(self) -> None:
        self._present: dict[int, frozenset[int]] = {}

    def draw(self, dataset: Any, wanted: Sequence[int]) -> int | None:
        """Draw one of the classes, and one of the images that have it.

        Args:
            dataset: The dataset, the same in all calls.
            wanted: Class indices. One that no image has is never drawn.

        Returns:
            Index of the image; None if no image has any of the classes.
        """
        for index in np.random.permutation(wanted):
            for image in np.random.permutation(len(dataset)):
                if index in self._classes(dataset, int(image)):
                    return int(image)
        return None

    def _classes(self, dataset: Any, image: int) -> frozenset[int]:
        if image not in self._present:
            self._present[image] = frozenset(present_classes(dataset.get_data_info(image)))
        return self._present[image]
