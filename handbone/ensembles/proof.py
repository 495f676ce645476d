"""Whether a change is better by more than chance: the paired bootstrap over patients."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from handbone.evaluation.bootstrap import Difference, bootstrap_difference

#: With fewer patients the intervals of the bootstrap are far too narrow to choose by.
FEWEST_PATIENTS = 10


@dataclass(frozen=True)
class Proof:
    """What a change has to show to be kept.

    Attributes:
        patients: Patient of each image.
        confidence: Of the interval of the gain, which has to lie above 0. A choice between several
            alternatives divides what is left to 1 by their number (Bonferroni).
        resamples: Number of draws.
        seed: Seed of the draws.
    """

    patients: Sequence[Hashable]
    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0

    @property
    def possible(self) -> bool:
        """Whether there are enough patients."""
        return len(set(self.patients)) >= FEWEST_PATIENTS

    def gain(self, scores: np.ndarray, others: np.ndarray, alternatives: int = 1) -> Difference:
        """Compute a gain and the interval that decides.

        Args:
            scores: Dice with the change, (N,) or (N, C).
            others: Dice without it.
            alternatives: Number of changes that this is the best of.

        Returns:
            The mean difference and its interval.
        """
        return bootstrap_difference(
            scores,
            others,
            self.patients,
            resamples=self.resamples,
            confidence=1 - (1 - self.confidence) / alternatives,
            seed=self.seed,
        )

    def holds(self, gain: Difference) -> bool:
        """Tell whether a gain is proven.

        Args:
            gain: Of :meth:`gain`.

        Returns:
            Whether there are enough patients, and the interval lies above 0.
        """
        return self.possible and gain.low > 0
