"""The mean of logits that arrive one after the other."""

import torch
from torch import Tensor

from handbone.errors import check_word

MERGES = ('probabilities', 'logits')


class RunningMean:
    """Adds up logits or probabilities, so that the memory does not grow with their number.

    Args:
        merge: ``'probabilities'`` averages the sigmoid of the logits, ``'logits'`` the logits
            themselves, in which a confident view outweighs an uncertain one.
        has_background: The logits are relative to a background, so softmax stands in for sigmoid.

    Raises:
        HandboneError: If ``merge`` is neither of them.
    """

    def __init__(self, merge: str = 'probabilities', has_background: bool = False) -> None:
        check_merge(merge)
        self.merge = merge
        self.has_background = has_background
        self._total: Tensor | None = None
        self._weight: Tensor | float = 0.0

    def add(self, logits: Tensor, weight: Tensor | None = None) -> None:
        """Add the logits of one prediction.

        Args:
            logits: ``(..., h, w)``, the same shape each time.
            weight: ``(h, w)``, positive; 1 everywhere if None.
        """
        values = logits.float()
        if self.merge == 'probabilities':
            values = probabilities_of(values, self.has_background)
        if weight is not None:
            values = values * weight
        if self._total is None:
            self._total = torch.zeros_like(values)
        self._total += values
        self._weight = self._weight + (1.0 if weight is None else weight)

    def logits(self) -> Tensor:
        """Compute the mean of all that were added.

        Returns:
            Float32 logits of the same shape; those of the mean probability if probabilities are
            averaged.
        """
        assert self._total is not None, 'nothing was added'
        mean = self._total / self._weight
        return logits_of(mean, self.has_background) if self.merge == 'probabilities' else mean


def probabilities_of(logits: Tensor, has_background: bool = False) -> Tensor:
    """Compute what is averaged of several predictions.

    Args:
        logits: ``(..., C, h, w)``.
        has_background: The logits are relative to a background.

    Returns:
        Sigmoid, ``(..., C, h, w)``; with a background, softmax, ``(..., 1 + C, h, w)`` with the
        background first.
    """
    if not has_background:
        return logits.sigmoid()
    return torch.cat([torch.zeros_like(logits[..., :1, :, :]), logits], dim=-3).softmax(dim=-3)


def logits_of(probabilities: Tensor, has_background: bool = False) -> Tensor:
    """Undo :func:`probabilities_of`.

    Args:
        probabilities: Means of probabilities.
        has_background: As there.

    Returns:
        ``(..., C, h, w)``, finite, and beyond any threshold.
    """
    if not has_background:
        return torch.logit(probabilities, eps=1e-6)
    logs = probabilities.clamp_min(1e-12).log()
    return logs[..., 1:, :, :] - logs[..., :1, :, :]


def check_merge(merge: str) -> None:
    """Check the setting ``merge``.

    Args:
        merge: A word of :data:`MERGES`.

    Raises:
        HandboneError: If it is not one of them.
    """
    check_word('merge', merge, MERGES)
