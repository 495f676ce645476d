"""Binary cross-entropy on packed labels."""

import math
from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .class_pixels import ClassPixels
from .class_sums import SumName, Surprise, valid_pixels


@MODELS.register_module()
class MultilabelBCELoss(PackedLoss):
    """Binary cross-entropy of every class, averaged over pixels and classes.

    ``-(w * t * log(p) + (1 - t) * log(1 - p))`` with ``p = sigmoid(x)``; where ``w`` is 1, this is
    ``softplus(x) - t * x`` with the gradient ``p - t``.

    Args:
        positive_weight: Weight ``w`` of the pixels where the class is present.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config::

            loss_decode = dict(type='MultilabelBCELoss', positive_weight=2.0)
    """

    exponents = (0.0,)

    def __init__(
        self,
        positive_weight: float = 1.0,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_bce',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.positive_weight = positive_weight

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        # softplus(x) = max(x, 0) - log(max(p, 1 - p)): the sigmoid is known
        likelier = torch.sub(1, pixels.probability)
        torch.maximum(likelier, pixels.probability, out=likelier)
        values = torch.relu(pixels.logits)
        gradient = pixels.probability - pixels.target
        if self.positive_weight == 1.0:
            values = values.addcmul_(pixels.logits, pixels.target, value=-1)
            mean = pixels.mean(values) - pixels.mean(log_of_groups(likelier))
        else:
            weight = 1 + (self.positive_weight - 1) * pixels.target
            values = values.sub_(likelier.log_()).mul_(weight)
            values = values.addcmul_(pixels.logits, pixels.target, value=-self.positive_weight)
            mean = pixels.mean(values)
            gradient *= weight
        return mean, gradient.div_(pixels.num_valid)

    def losses_of_sums(self, sums: dict[SumName, Tensor]) -> tuple[Tensor, dict[SumName, Tensor]]:
        """Compute values and slopes from sums, see the base class."""
        present, absent = Surprise(0.0, True), Surprise(0.0, False)
        share = valid_pixels(sums).reciprocal_()
        values = sums[absent].add(sums[present], alpha=self.positive_weight).sum(0) * share
        return values, {present: self.positive_weight * share, absent: share}


def log_of_groups(factors: Tensor) -> Tensor:
    """Take the logarithm of the product of up to 16 pixels at a time, which is a sum of theirs.

    A logarithm takes several times as long as a multiplication.

    Args:
        factors: ``(N, K, H, W)``, from 0.5 to 1, so that a product of 16 is at least 2 ** -16.

    Returns:
        ``(N, K, 1, pixels)`` logarithms, whose sum is that of the logarithms of all pixels.
    """
    pixels = factors.shape[2] * factors.shape[3]
    groups = factors.reshape(*factors.shape[:2], math.gcd(pixels, 16), -1)
    return groups.prod(dim=2, keepdim=True).log_()
