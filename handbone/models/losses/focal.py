"""Focal loss on packed labels."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .class_pixels import ClassPixels
from .class_sums import SumName, Surprise, valid_pixels


@MODELS.register_module()
class MultilabelFocalLoss(PackedLoss):
    """Sigmoid focal loss of every class, averaged over pixels and classes.

    ``-a_t * (1 - p_t)^gamma * log(p_t)`` with ``p_t = p`` and ``a_t = alpha`` where the class is
    present, ``p_t = 1 - p`` and ``a_t = 1 - alpha`` elsewhere (Lin et al., 2017).

    Args:
        gamma: Focusing exponent, at least 0; 0 is weighted cross-entropy.
        alpha: Weight of the pixels where the class is present, 0 to 1; the others have
            ``1 - alpha``.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config::

            loss_decode = dict(type='MultilabelFocalLoss', gamma=2.0, alpha=0.25)
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 0.25,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_focal',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.gamma = gamma
        self.alpha = alpha
        self.exponents = (float(gamma),)

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        sign = 1 - 2 * pixels.target
        # z = -x where present, x elsewhere; p_t = 1 - wrong and -log(p_t) = softplus(z)
        z = pixels.logits * sign
        wrong = z.sigmoid()
        surprise = F.softplus(z)
        balance = (1 - self.alpha) + (2 * self.alpha - 1) * pixels.target
        focus = balance * wrong**self.gamma
        values = pixels.mean(focus * surprise)
        focus /= pixels.num_valid
        gradient = sign * focus * (self.gamma * (1 - wrong) * surprise + wrong)
        return values, gradient

    def losses_of_sums(self, sums: dict[SumName, Tensor]) -> tuple[Tensor, dict[SumName, Tensor]]:
        """Compute values and slopes from sums, see the base class."""
        present, absent = (Surprise(float(self.gamma), there) for there in (True, False))
        share = valid_pixels(sums).reciprocal_()
        slopes: dict[SumName, Tensor] = {
            present: self.alpha * share,
            absent: (1 - self.alpha) * share,
        }
        values = [(sums[name] * slope).sum(0) for name, slope in slopes.items()]
        return values[0] + values[1], slopes
