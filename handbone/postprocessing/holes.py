"""Holes of a mask."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmseg.registry import TASK_UTILS

from handbone.errors import HandboneError

from .step import PostprocessingStep


@TASK_UTILS.register_module()
class FillHoles(PostprocessingStep):
    """Fill the holes of each class.

    A hole is background without a 4-connected path to the outside of the mask.

    Args:
        largest: Largest hole to fill, as a share of the pixels of the image; None fills all.
        classes: As in :class:`PostprocessingStep`.

    Raises:
        HandboneError: If ``largest`` is not between 0 and 1.
    """

    def __init__(self, largest: float | None = None, classes: Sequence[int] | None = None) -> None:
        super().__init__(classes)
        if largest is not None and not 0 <= largest <= 1:
            raise HandboneError(f'FillHoles: largest must be between 0 and 1, got {largest}')
        self.largest = largest

    def process(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Fill the holes of a mask; arguments as in the base class.

        Args:
            mask: Bool (h, w).
            shape: Height and width of the image.
            image: Not used.

        Returns:
            Bool (h, w).
        """
        # A border of background connects everything that is open to a side of the box.
        background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(background, connectivity=4)
        fills = statistics[:, cv2.CC_STAT_AREA] <= (
            np.inf if self.largest is None else self.largest * shape[0] * shape[1]
        )
        fills[0] = True  # the mask itself
        fills[labels[0, 0]] = False
        return fills[labels[1:-1, 1:-1]]
