"""What the logits of an image say about how sure a network is of each class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from handbone.masks import logit_thresholds

#: A pixel whose probability lies between these is in the margin of a mask.
MARGIN = (0.1, 0.9)


@dataclass(frozen=True)
class LogitSummary:
    """How sure a network is of each class of an image, measured at the resolution of its logits.

    Attributes:
        confidence: Mean probability within the mask, float64 (C,); NaN where there is no mask.
        margin: Pixels of a probability from 0.1 to 0.9 over the pixels of the mask, (C,); NaN
            where there is no mask.
        agreement: Mean Dice between the masks of two views or members, pooled over their pairs,
            (C,); 1 where none of them has a mask, NaN where there is one view.
    """

    confidence: np.ndarray
    margin: np.ndarray
    agreement: np.ndarray

    def with_agreement(self, agreement: np.ndarray) -> 'LogitSummary':
        """Add the agreement of views or members.

        Args:
            agreement: (C,).

        Returns:
            The summary with it.
        """
        return replace(self, agreement=agreement)

    def less_sure(self, other: 'LogitSummary') -> 'LogitSummary':
        """Take for each class what makes it doubtful, of two places that show it.

        Args:
            other: That of the other place, such as the other hand of a film.

        Returns:
            The summary of both.
        """
        return LogitSummary(
            np.fmin(self.confidence, other.confidence),
            np.fmax(self.margin, other.margin),
            np.fmin(self.agreement, other.agreement),
        )


def summarise_logits(
    logits: Tensor,
    thresholds: float | Sequence[float] = 0.5,
    temperatures: Sequence[float] | None = None,
    exclusive: bool = False,
) -> LogitSummary:
    """Measure how sure a network is of each class.

    Args:
        logits: ``(C, h, w)``, of any device.
        thresholds: Probability above which a class is present, one or one per class.
        temperatures: Numbers that logits are divided by to become right probabilities, as
            :func:`handbone.evaluation.read_temperatures` reads them; thresholds apply before.
        exclusive: A pixel has the class of its largest logit only.

    Returns:
        The summary, without agreement.
    """
    masks = present(logits, thresholds, exclusive)
    low, high = np.log(np.divide(MARGIN, np.subtract(1, MARGIN))).tolist()
    confidence, margin = np.full(len(logits), np.nan), np.full(len(logits), np.nan)
    for index, (values, mask) in enumerate(zip(logits, masks, strict=True)):
        area = int(mask.sum())
        if not area:
            continue
        warm = values.float() / (1.0 if temperatures is None else temperatures[index])
        confidence[index] = float(warm[mask].double().sigmoid().mean())
        margin[index] = int(((warm > low) & (warm < high)).sum()) / area
    return LogitSummary(confidence, margin, np.full(len(logits), np.nan))


def summarise_members(
    logits: Tensor,
    count: Tensor,
    members: int,
    thresholds: float | Sequence[float] = 0.5,
    exclusive: bool = False,
) -> LogitSummary:
    """Measure how sure an ensemble is of each class.

    Args:
        logits: ``(C, h, w)``, those of the mean.
        count: Number of members that have each pixel, the same shape.
        members: Number of members.
        thresholds: Probability above which a class is present, one or one per class.
        exclusive: A pixel has the class of its largest logit only.

    Returns:
        The summary, with the agreement of the members.
    """
    summary = summarise_logits(logits, thresholds, exclusive=exclusive)
    return summary.with_agreement(pooled_dice(count, members))


class Agreement:
    """Counts in how many views or members each pixel has each class.

    The mean Dice over all pairs of V masks, each pair weighted by its area, needs only the number n
    of masks at each pixel: ``sum(n * n - n) / ((V - 1) * sum(n))``. So memory and time do not grow
    with the pairs.

    Args:
        thresholds: Probability above which a class is present, one or one per class.
        exclusive: A pixel has the class of its largest logit only.
    """

    def __init__(self, thresholds: float | Sequence[float] = 0.5, exclusive: bool = False) -> None:
        self._thresholds = thresholds
        self._exclusive = exclusive
        self._count: Tensor | None = None
        self._seen: Tensor | None = None
        self._views = 0

    def add(self, logits: Tensor, seen: Tensor | None = None) -> None:
        """Count a view.

        Args:
            logits: ``(..., C, h, w)``, the same shape each time.
            seen: ``(h, w)``, above 0.5 where the view sees the image; everywhere if None. Pixels
                that not all views see do not count.
        """
        mask = present(logits, self._thresholds, self._exclusive)
        self._count = mask.to(torch.int16) if self._count is None else self._count + mask
        self._views += 1
        if seen is not None:
            here = seen > 0.5
            self._seen = here if self._seen is None else self._seen & here

    def of_classes(self) -> np.ndarray:
        """Compute the agreement.

        Returns:
            Float64 ``(..., C)``; 1 for an empty class, NaN with fewer than two views.
        """
        assert self._count is not None, 'nothing was added'
        count = self._count if self._seen is None else self._count * self._seen
        return pooled_dice(count, self._views)


def present(logits: Tensor, thresholds: float | Sequence[float], exclusive: bool = False) -> Tensor:
    """Tell where classes are present.

    Args:
        logits: ``(..., C, h, w)``.
        thresholds: Probability above which a class is present, one or one per class.
        exclusive: A pixel has the class of its largest logit only.

    Returns:
        Bool tensor of the same shape.
    """
    limits = logits.new_tensor(logit_thresholds(thresholds, logits.shape[-3]))
    found = logits > limits[:, None, None]
    return found & (logits == logits.amax(-3, keepdim=True)) if exclusive else found


def pooled_dice(count: Tensor, views: int) -> np.ndarray:
    """Compute the Dice between the masks of views, pooled over all pairs of views.

    Args:
        count: Number of masks that have a pixel, ``(..., C, h, w)``.
        views: Number of views V.

    Returns:
        ``(..., C)``, as :meth:`Agreement.of_classes`.
    """
    count = count.double()
    total = count.sum(dim=(-2, -1))
    if views < 2:
        return np.full(total.shape, np.nan)
    pairs = (count * count).sum(dim=(-2, -1)) - total
    dice = pairs / ((views - 1) * total).clamp_min(1)
    return torch.where(total > 0, dice, 1.0).cpu().numpy()
