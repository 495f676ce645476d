"""What several opinions about an image agree on, and how well.

An opinion is the masks of one model, of one view of it, or of one threshold. The mean Dice of all
pairs of opinions tells of each class how sure they are (Roy et al., Bayesian QuickNAT, NeuroImage
195, 2019, where the opinions are draws of dropout).
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from handbone.masks import dice, run_overlap_counts
from handbone.submissions import ImageRuns, VoteWeights, vote_on_runs

#: Runs of every class, (n, 2) of [start, length] each.
Runs = Sequence[np.ndarray]


def agreement(opinions: Sequence[Runs]) -> np.ndarray:
    """Compute the mean Dice of all pairs of opinions.

    Args:
        opinions: Runs of the C classes of one image, one entry per opinion.

    Returns:
        Float64 (C,), 0 to 1: 1 where all opinions are the same, be it that the class is absent; NaN
        where there is one opinion alone.

    >>> whole, half = np.array([[0, 4]]), np.array([[0, 2]])
    >>> agreement([[whole], [half]]).round(2)
    array([0.67])
    """
    pairs = [dice(run_overlap_counts(*pair)) for pair in combinations(opinions, 2)]
    return np.mean(pairs, axis=0) if pairs else np.full(len(opinions[0]), np.nan)


def vote(opinions: Sequence[ImageRuns], classes: Sequence[str]) -> list[np.ndarray]:
    """Find the pixels of more than half of the opinions; in a tie the first one decides.

    Args:
        opinions: The runs of one image, one entry per opinion.
        classes: Class names in order.

    Returns:
        Runs of every class, as :func:`handbone.masks.decode` takes them.
    """
    others = [2] * (len(opinions) - 1)
    weights = VoteWeights(len(opinions), classes, [3, *others])
    voting = np.ones(weights.weights.shape, bool)
    return vote_on_runs(opinions, weights.weights, weights.needed(voting))
