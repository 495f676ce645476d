"""Signs of how good the mask of a class is, from what is known without a truth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from handbone.evaluation.logit_summary import LogitSummary
from handbone.masks import regions
from handbone.postprocessing.components import components

#: Pixels between those that the exposure is measured on, in each direction.
EXPOSURE_STEP = 8


@dataclass(frozen=True)
class Signs:
    """What is known of the mask of each class in one image: arrays of (C,), float64.

    Attributes:
        confidence: As in :class:`LogitSummary`; NaN where there is no mask.
        margin: The same.
        agreement: The same.
        area: Share of the pixels of the image that have the class.
        parts: Connected parts.
        border: 1 where the mask lies at the border of the image.
        flagged: Number of flags of the image that name the class.
        flags: Number of flags of the image.
        brightness: Mean grey value of the image, from 0 to 1.
        contrast: Standard deviation of its grey values.
    """

    confidence: np.ndarray
    margin: np.ndarray
    agreement: np.ndarray
    area: np.ndarray
    parts: np.ndarray
    border: np.ndarray
    flagged: np.ndarray
    flags: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray

    def matrix(self) -> np.ndarray:
        """Put the signs into columns, (C, len(SIGNS))."""
        return np.stack([getattr(self, name) for name in SIGNS], axis=1)


#: Names of the signs in the order of tables.
SIGNS = tuple(field.name for field in fields(Signs))


def signs_of(
    labels: np.ndarray,
    image: np.ndarray,
    summary: LogitSummary,
    flags: Sequence[str],
    classes: Sequence[str],
) -> Signs:
    """Find the signs of all classes of an image.

    Args:
        labels: Packed map, int32, (H, W) or (H, W, P).
        image: Grey values from 0 to 255, (H, W), or colours (H, W, 3).
        summary: How sure the network is.
        flags: What a reader should look at, one sentence each.
        classes: Names in class order.

    Returns:
        The signs.
    """
    area, parts, border = np.zeros((3, len(classes)))
    height, width = labels.shape[:2]
    for index, left, top, mask in regions(labels, len(classes)):
        area[index] = mask.sum() / (height * width)
        parts[index] = len(components(mask)[1])
        at_sides = (left == 0 and mask[:, 0].any()) or (top == 0 and mask[0].any())
        at_ends = (left + mask.shape[1] == width and mask[:, -1].any()) or (
            top + mask.shape[0] == height and mask[-1].any()
        )
        border[index] = at_sides or at_ends
    seen = image[::EXPOSURE_STEP, ::EXPOSURE_STEP].astype(np.float64) / 255
    everywhere = np.ones(len(classes))
    return Signs(
        summary.confidence,
        summary.margin,
        summary.agreement,
        area,
        parts,
        border,
        np.array([_naming(name, flags) for name in classes], float),
        len(flags) * everywhere,
        seen.mean() * everywhere,
        seen.std() * everywhere,
    )


def _naming(name: str, flags: Sequence[str]) -> int:
    """Count the flags that name a class; finger-1 is not in finger-16."""
    word = re.compile(rf'(?<![\w-]){re.escape(name)}(?![\w-])')
    return sum(bool(word.search(flag)) for flag in flags)
