"""How far a mean score, or the difference of two, may be off by chance.

Efron's bootstrap with percentile intervals. Images of one patient are alike, so whole patients are
drawn with replacement (the cluster bootstrap, Davison and Hinkley 1997, section 3.8); drawing
images would make the intervals too narrow. With few patients they are too narrow all the same.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError

#: Draws held in memory at a time.
BLOCK = 2**22


class Interval(NamedTuple):
    """A mean with its interval.

    Attributes:
        mean: Mean of all scores; NaN without any.
        low: Lower end; NaN where there is one group only.
        high: Upper end.
        groups: Number of groups that were drawn from.
    """

    mean: float
    low: float
    high: float
    groups: int


class Difference(NamedTuple):
    """A paired difference with its interval.

    Attributes:
        mean: Mean of first minus second; NaN without any pair.
        low: Lower end; NaN where there is one group only.
        high: Upper end.
        groups: Number of groups that were drawn from.
        better: Share of the draws in which the first is better; draws without difference count
            half.
        left_out: Pairs that were left out because one of them is not finite; what was scored in
            neither does not count.
    """

    mean: float
    low: float
    high: float
    groups: int
    better: float
    left_out: int


def bootstrap_mean(
    scores: np.ndarray,
    groups: Sequence[Hashable] | None = None,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Compute the mean of scores and its interval.

    Args:
        scores: (N,) or, for several classes, (N, C), one row per image; what is not finite is left
            out.
        groups: Patient of each image. Default: each image for itself.
        resamples: Number of draws.
        confidence: Share of the draws inside the interval, between 0 and 1.
        seed: Seed of the draws.

    Returns:
        Mean over all scores, its interval and the number of groups.

    Raises:
        HandboneError: If the lengths differ, or a number is out of range.
    """
    mean, draws, num_groups = _draw_means(scores, groups, resamples, seed)
    return Interval(mean, *_ends(draws, num_groups, confidence), num_groups)


def bootstrap_difference(
    scores: np.ndarray,
    others: np.ndarray,
    groups: Sequence[Hashable] | None = None,
    *,
    lower_is_better: bool = False,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Compute the mean paired difference of two sets of scores and its interval.

    Both are drawn together, so an image that is hard for both does not widen the interval.

    Args:
        scores: (N,) or (N, C), one row per image.
        others: Scores of the same images in the same order, of the same shape.
        groups: Patient of each image. Default: each image for itself.
        lower_is_better: The scores are distances or errors.
        resamples: Number of draws.
        confidence: Share of the draws inside the interval, between 0 and 1.
        seed: Seed of the draws.

    Returns:
        Mean difference, its interval, and in which share of the draws the first is better.

    Raises:
        HandboneError: If the shapes differ, or a number is out of range.
    """
    scores, others = np.asarray(scores, np.float64), np.asarray(others, np.float64)
    if scores.shape != others.shape:
        raise HandboneError(f'Paired scores have one shape, got {scores.shape} and {others.shape}.')
    paired = np.isfinite(scores) & np.isfinite(others)
    differences = np.full(scores.shape, np.nan)
    np.subtract(scores, others, out=differences, where=paired)
    mean, draws, num_groups = _draw_means(differences, groups, resamples, seed)
    gains = -draws if lower_is_better else draws
    better = float(((gains > 0) + 0.5 * (gains == 0)).mean()) if len(gains) else np.nan
    left_out = int((~paired & ~(np.isnan(scores) & np.isnan(others))).sum())
    return Difference(mean, *_ends(draws, num_groups, confidence), num_groups, better, left_out)


def _draw_means(
    scores: np.ndarray, groups: Sequence[Hashable] | None, resamples: int, seed: int
) -> tuple[float, np.ndarray, int]:
    """Compute the mean and those of the draws.

    A mean only needs the sum and the number of scores of each group, and how often it was drawn.

    Args:
        scores: (N,) or (N, C).
        groups: Group of each row, or None.
        resamples: Number of draws.
        seed: Seed.

    Returns:
        Mean, means of the draws that hold any score, float64, and the number of groups.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim not in (1, 2):
        raise HandboneError(f'Scores have the shape (N,) or (N, C), got {scores.shape}.')
    if groups is not None and len(groups) != len(scores):
        raise HandboneError(f'{len(scores)} rows of scores have {len(groups)} groups.')
    if resamples < 1:
        raise HandboneError(f'The bootstrap needs at least one draw, got resamples={resamples}.')
    scores = scores.reshape(len(scores), -1)
    finite = np.isfinite(scores)
    members = _numbers(range(len(scores)) if groups is None else groups)
    amounts = np.bincount(members, finite.sum(axis=1))
    sums = np.bincount(members, np.where(finite, scores, 0).sum(axis=1))
    sums, amounts = sums[amounts > 0], amounts[amounts > 0]
    num_groups = len(sums)
    if not num_groups:
        return np.nan, np.zeros(0), 0
    generator = np.random.default_rng(seed)
    shares = np.full(num_groups, 1 / num_groups)
    means = []
    step = max(1, BLOCK // num_groups)
    for start in range(0, resamples, step):
        times = generator.multinomial(num_groups, shares, min(step, resamples - start))
        means.append((times @ sums) / (times @ amounts))
    return float(sums.sum() / amounts.sum()), np.concatenate(means), num_groups


def _numbers(groups: Sequence[Hashable]) -> np.ndarray:
    """Number groups as they first come."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)


def _ends(draws: np.ndarray, num_groups: int, confidence: float) -> tuple[float, float]:
    if not 0 < confidence < 1:
        raise HandboneError(f'The confidence lies between 0 and 1, got {confidence}.')
    if num_groups < 2:  # it would be drawn each time
        return np.nan, np.nan
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
