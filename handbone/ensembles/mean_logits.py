"""The mean of what several models say of an image, at the resolution of their heads."""

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from handbone.models.segmentors.running_mean import logits_of, probabilities_of


class Decided(NamedTuple):
    """What models must have in common, or their outputs have no mean.

    Attributes:
        exclusive: Whether a pixel has at most one class.
        has_background: Whether the logits are relative to a background.
    """

    exclusive: bool = False
    has_background: bool = False


def largest(examples: Sequence[Tensor]) -> int:
    """Find the model with the most logits, whose resolution the mean has.

    Args:
        examples: Logits (C, h, w) of one image, one tensor per model.

    Returns:
        Its index; of several with equally many the first.
    """
    sizes = [logits.shape[1] * logits.shape[2] for logits in examples]
    return sizes.index(max(sizes))


def resized(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Bring logits to the resolution of the mean.

    Args:
        logits: (C, h, w).
        size: Height and width of the mean.

    Returns:
        Float32 (C, height, width), interpolated bilinearly if they have another size.
    """
    logits = logits.float()
    if tuple(logits.shape[1:]) == tuple(size):
        return logits
    return F.interpolate(logits[None], tuple(size), mode='bilinear')[0]


def weighted(
    logits: Tensor, share: float, size: Sequence[int], merge: str, has_background: bool
) -> Tensor:
    """Compute what a model adds to the mean.

    Args:
        logits: (C, h, w), without padding.
        share: Its weight; those of all models add up to 1.
        size: Height and width of the mean. Other logits are resized bilinearly.
        merge: Mean of ``probabilities`` or of ``logits``.
        has_background: As in :class:`Decided`.

    Returns:
        Float32 (C, h, w), or (1 + C, h, w) for probabilities with a background.
    """
    logits = resized(logits, size)
    if merge == 'probabilities':
        logits = probabilities_of(logits, has_background)
    return share * logits


def mean_logits(
    logits: Sequence[Tensor],
    shares: Sequence[float],
    merge: str = 'probabilities',
    has_background: bool = False,
) -> Tensor:
    """Average the logits of one image.

    Args:
        logits: (C, h, w) of each model, without padding.
        shares: Weight of each; they add up to 1.
        merge: Mean of ``probabilities`` or of ``logits``.
        has_background: As in :class:`Decided`.

    Returns:
        Float32 (C, h, w) at the resolution of the model with the most logits.
    """
    size = logits[largest(logits)].shape[1:]
    total = None
    for each, share in zip(logits, shares, strict=True):
        part = weighted(each, share, size, merge, has_background)
        total = part if total is None else total + part
    assert total is not None, 'no model'
    return logits_of(total, has_background) if merge == 'probabilities' else total
