"""Whether the mask of a structure can be measured, and its part that is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from handbone.masks import regions
from handbone.postprocessing.bone_places import PIECE_SHARE
from handbone.postprocessing.components import components

NO_MASK = 'there is no mask'


class MeasuredMask(NamedTuple):
    """The mask of one class, ready to be measured.

    Attributes:
        name: The class.
        mask: Bool (h, w), the largest connected part in the box of the class.
        left: Column of the image at which the box begins.
        reason: Why the mask is not to be measured; empty where it is.
    """

    name: str
    mask: np.ndarray
    left: int
    reason: str


def measured_masks(labels: np.ndarray, classes: Sequence[str]) -> Iterator[MeasuredMask]:
    """Find the mask of each class and what speaks against measuring it.

    A mask that touches the border of the image may be cut off there. One whose second part has a
    tenth of the area of the largest part or more may be two structures, or one that is not whole.
    Smaller parts are left out.

    Args:
        labels: Packed map, int32, (H, W) or (H, W, P).
        classes: Names in class order.

    Yields:
        The mask of each class that has one, in class order.
    """
    height, width = labels.shape[:2]
    for index, left, top, mask in regions(labels, len(classes)):
        parts, areas = components(mask)
        large = int((areas >= PIECE_SHARE * areas.max()).sum())
        reason = ''
        if large > 1:
            reason = f'the mask is in {large} pieces'
        elif _at_border(mask, left, top, width, height):
            reason = 'the mask touches the border of the image'
        yield MeasuredMask(classes[index], parts == areas.argmax() + 1, left, reason)


def _at_border(mask: np.ndarray, left: int, top: int, width: int, height: int) -> bool:
    """Tell whether a mask reaches a border that its box lies at."""
    sides = (
        (left == 0, mask[:, 0]),
        (top == 0, mask[0]),
        (left + mask.shape[1] == width, mask[:, -1]),
        (top + mask.shape[0] == height, mask[-1]),
    )
    return any(at and bool(side.any()) for at, side in sides)
