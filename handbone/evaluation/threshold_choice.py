"""From the Dice of each image at each threshold to one threshold per class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handbone.masks import check_thresholds

#: Thresholds that are tried beside the former ones: the borders of 256 bins of probability.
GRID = np.arange(1, 256) / 256
#: Sums of scores that differ by less are the same.
ROUNDING = 1e-9


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds and what they bring on the images that they were chosen on.

    Attributes:
        thresholds: Chosen, float64 (C,).
        former: Those before, float64 (C,).
        before: Mean Dice of each class with the former thresholds, float64 (C,).
        after: With the chosen ones, float64 (C,).
        held_out: With each image scored at the threshold that the others alone would choose.
        images: Number of images.
    """

    thresholds: np.ndarray
    former: np.ndarray
    before: np.ndarray
    after: np.ndarray
    held_out: np.ndarray
    images: int


def candidates(former: float | Sequence[float], num_classes: int) -> np.ndarray:
    """List the thresholds to try for each class.

    Args:
        former: The thresholds so far, one or one per class; they are tried as well.
        num_classes: Number of classes C.

    Returns:
        Rising probabilities, float64 (C, 256).
    """
    former = check_thresholds(former, num_classes, 'the former thresholds')
    grid = np.broadcast_to(GRID, (num_classes, GRID.size))
    return np.sort(np.column_stack([grid, former]), axis=1)


def choose_thresholds(
    dice: np.ndarray, tried: np.ndarray, former: float | Sequence[float]
) -> ThresholdChoice:
    """Choose for each class the threshold of the best mean Dice.

    Of equally good thresholds the one nearest to the former is taken. A class whose Dice on held
    out images (each image left out once) does not gain keeps its former threshold: what gains only
    on the images that it was chosen on is chance.

    Args:
        dice: Of each image, class and tried threshold, float (N, C, K); NaN where the image does
            not know the class.
        tried: The thresholds, float64 (C, K), rising; the former ones are among them.
        former: The thresholds so far, one or one per class.

    Returns:
        The choice; scores of a class that no image knows are NaN.
    """
    num_images, num_classes = dice.shape[:2]
    known = ~np.isnan(dice[:, :, 0])
    dice = np.nan_to_num(dice)
    images = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    so_far = np.broadcast_to(np.asarray(former, np.float64), num_classes)
    distance = np.abs(tried - so_far[:, None])
    total = dice.sum(axis=0)
    every = np.arange(num_classes)
    old, new = distance.argmin(axis=1), _best(total, distance)
    before, held_out = total[every, old] / images, np.zeros(num_classes)
    for scores, there in zip(dice, known, strict=True):
        held_out += there * scores[every, _best(total - scores, distance)] / images
    gains = held_out > before + ROUNDING
    new = np.where(gains, new, old)
    return ThresholdChoice(
        thresholds=tried[every, new],
        former=np.array(so_far),
        before=before,
        after=total[every, new] / images,
        held_out=np.where(gains, held_out, before),
        images=num_images,
    )


def _best(scores: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Find the best threshold of each class, of several the nearest: indices (C,)."""
    reached = scores >= scores.max(axis=1, keepdims=True) - ROUNDING
    return np.where(reached, distance, np.inf).argmin(axis=1)
