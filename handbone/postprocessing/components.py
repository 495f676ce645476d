"""Which of the connected parts of a mask stay."""

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
    """Keep the largest connected part of each class, with 8 neighbours.

    Of parts of one size the first one in reading order stays.

    Args:
        classes: As in :class:`PostprocessingStep`.
    """

    def mend(
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
    """Remove connected parts, with 8 neighbours, that are smaller than any bone.

    Args:
        share: Least area as a share of the image's pixels, so that it means the same at all sizes;
            2e-5 are 84 pixels of 2048 x 2048.
        classes: As in :class:`PostprocessingStep`.

    Raises:
        HandboneError: If the share is not from 0 to 1.
    """

    def __init__(self, share: float = 2e-5, classes: Sequence[int] | None = None) -> None:
        super().__init__(classes)
        if not 0 <= share <= 1:
            raise HandboneError(f'LeastArea: share is a part of the image, 0 to 1, got {share}')
        self.share = share

    def mend(
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
        stays = areas >= self.share * shape[0] * shape[1]
        return mask if stays.all() else np.concatenate([[False], stays])[labels]


def components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the connected parts of a mask, with 8 neighbours.

    Args:
        mask: Bool (h, w), not empty.

    Returns:
        0 for the background and the number of the part, from 1 in reading order, int32 (h, w); and
        the pixels of each part, int64 (n,).
    """
    # the algorithm that numbers in reading order: which of two equal parts stays is then defined
    count, labels, statistics, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.astype(np.uint8), CONNECTIVITY, cv2.CV_32S, cv2.CCL_WU
    )
    return labels, statistics[1:count, cv2.CC_STAT_AREA].astype(np.int64)
