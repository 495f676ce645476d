"""Tversky and focal Tversky loss on packed labels."""

from collections.abc import Sequence

from mmseg.registry import MODELS
from torch import Tensor

from .overlap import OverlapLoss

# The slope of a power below 1 is infinite at 0.
SMALLEST_BASE = 1e-6


@MODELS.register_module()
class MultilabelTverskyLoss(OverlapLoss):
    """One minus the soft Tversky index of every class, averaged over classes.

    ``1 - (TP + eps) / (TP + alpha * FP + beta * FN + eps)`` (Salehi et al., 2017), to the power of
    ``gamma`` (focal Tversky, Abraham and Khan, 2019, who write ``1 / gamma`` with gamma 4 / 3).

    Args:
        alpha: Weight of false positives. With ``alpha = beta = 0.5`` and half the eps it is Dice.
        beta: Weight of false negatives; above ``alpha`` it favours recall.
        gamma: Exponent of the loss; below 1 keeps easy classes learning, above 1 favours hard ones.
        eps: Added to numerator and denominator.
        per_image: Compute the index of each image and average them, instead of one index over the
            whole batch.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config::

            loss_decode = dict(type='MultilabelTverskyLoss', alpha=0.3, beta=0.7, gamma=0.75)
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        gamma: float = 1.0,
        eps: float = 1.0,
        per_image: bool = False,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_tversky',
    ) -> None:
        super().__init__(eps, per_image, loss_weight, class_weight, loss_name)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma

    def ratio_loss(
        self, both: Tensor, predicted: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the loss and its derivatives, see the base class."""
        errors = self.alpha * (predicted - both) + self.beta * (present - both)
        size = both + errors + self.eps
        index = (both + self.eps) / size
        base = (1 - index).clamp(min=0)
        slope = self.gamma * base.clamp(min=SMALLEST_BASE) ** (self.gamma - 1) / size
        by_both = slope * ((1 - self.alpha - self.beta) * index - 1)
        return base**self.gamma, by_both, slope * self.alpha * index
