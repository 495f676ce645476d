"""Means of logits within a graph, and the flipped views that go into them."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from handbone.models.segmentors.logit_frame import FLIPPED_AXES, swap_channels
from handbone.models.segmentors.running_mean import logits_of, probabilities_of
from handbone.models.segmentors.view import View

#: Logit of the largest mean probability, as :func:`logits_of` limits it.
LARGEST = math.log((1 - 1e-6) / 1e-6)


def in_view(view: View, images: Tensor, inference: Callable[[Tensor], Tensor]) -> Tensor:
    """Compute the logits of a view, flipped back.

    Args:
        view: A flip, or the image as it is.
        images: ``(N, channels, H, W)``, normalised.
        inference: Computes the logits ``(N, C, h, w)`` of such images.

    Returns:
        ``(N, C, h, w)``.
    """
    if view.flip is None:
        return inference(images)
    axes = FLIPPED_AXES[view.flip]
    logits = inference(images.flip(axes)).flip(axes)
    return logits if view.flip == 'diagonal' else swap_channels(logits, view.swap_classes)


def weighted_mean(
    logits: Sequence[Tensor], shares: Sequence[float], merge: str, has_background: bool
) -> Tensor:
    """Average logits.

    Args:
        logits: ``(N, C, h, w)`` each, of one size.
        shares: Weight of each; they add up to 1.
        merge: Mean of ``probabilities`` or of ``logits``.
        has_background: The logits are relative to a background.

    Returns:
        ``(N, C, h, w)``.
    """
    total: Tensor | None = None
    for each, share in zip(logits, shares, strict=True):
        part = _values(each, merge, has_background) * share
        total = part if total is None else total + part
    assert total is not None, 'there are logits'
    if merge != 'probabilities':
        return total
    if has_background:
        return logits_of(total, has_background=True)
    present, absent = total.chunk(2, dim=1)
    return (present.log() - absent.log()).clamp(-LARGEST, LARGEST)


def _values(logits: Tensor, merge: str, has_background: bool) -> Tensor:
    """Compute what is averaged.

    Beside the probability of a class stands that of its absence: next to 1, a probability is too
    coarse to be made a logit again, and runtimes round it differently.
    """
    if merge != 'probabilities':
        return logits
    if has_background:
        return probabilities_of(logits, has_background=True)
    held = logits.clamp(-LARGEST - 1, LARGEST + 1)  # no sum is 0
    # not sigmoid, which ONNX Runtime computes to 1e-7 absolutely: too coarse for the logarithm
    return torch.cat([1 / (1 + torch.exp(-held)), 1 / (1 + torch.exp(held))], dim=1)
