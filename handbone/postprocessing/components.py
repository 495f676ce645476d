"""Connected parts of a mask, and which of them are kept."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmseg.registry import TASK_UTILS

from handbone.errors import HandboneError

from .step import PostprocessingStep

#: Pixels that touch at an edge or a corner belong together.
CONNECTIVITY = 8


@TASK_UTILS.register_module()
class LargestComponent(PostprocessingStep):
    """Keep the largest 8-connected part of each class.

    Of parts of equal size, the first in reading order is kept.

    Args:
        classes: As in :class:`PostprocessingStep`.
    """

    def process(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Keep the largest part of a mask; arguments as in the base class.

        Args:
            mask: Bool (h, w).
            shape: Not used.
            image: Not used.

        Returns:
            Bool (h, w).
        """
        labels, areas = components(mask)
        return mask if len(areas) == 1 else labels == 1 + areas.argmax()


@TASK_UTILS.register_module()
class LeastArea(PostprocessingStep):
    """Remove 8-connected parts that are smaller than any bone.

    Args:
        share: Smallest area to keep, as a share of the pixels of the image, so that it means the
            same at all sizes; 2e-5 is 84 pixels of 2048 x 2048.
        classes: As in :class:`PostprocessingStep`.

    Raises:
        HandboneError: If the share is not between 0 and 1.
    """

    def __init__(self, share: float = 2e-5, classes: Sequence[int] | None = None) -> None:
        super().__init__(classes)
        if not 0 <= share <= 1:
            raise HandboneError(f'LeastArea: share must be between 0 and 1, got {share}')
        self.share = share

    def process(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Remove the small parts of a mask; arguments as in the base class.

        Args:
            mask: Bool (h, w).
            shape: Height and width of the image.
            image: Not used.

        Returns:
            Bool (h, w).
        """
        labels, areas = components(mask)
        kept = areas >= self.share * shape[0] * shape[1]
        return mask if kept.all() else np.concatenate([[False], kept])[labels]


def components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the 8-connected parts of a mask.

    Args:
        mask: Bool (h, w), not empty.

    Returns:
        The number of the part of each pixel, from 1 in reading order, and 0 for the background,
        int32 (h, w); and the number of pixels of each part, int64 (n,).
    """
    # This algorithm numbers in reading order, which defines which of two equal parts is kept.
    count, labels, statistics, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.astype(np.uint8), CONNECTIVITY, cv2.CV_32S, cv2.CCL_WU
    )
    return labels, statistics[1:count, cv2.CC_STAT_AREA].astype(np.int64)
