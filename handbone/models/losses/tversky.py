"""Tversky and focal Tversky loss on packed labels."""

from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .overlap import soft_overlap


@MODELS.register_module()
class MultilabelTverskyLoss(PackedLoss):
    """One minus the soft Tversky index of every class, averaged over classes.

    ``1 - (TP + eps) / (TP + alpha * FP + beta * FN + eps)`` (Salehi et al., 2017), to the power of
    ``gamma`` (focal Tversky, Abraham and Khan, 2019: their exponent is ``1 / gamma`` with gamma 4/3).

    Args:
        alpha: Weight of false positives. ``alpha = beta = 0.5`` is the Dice loss.
        beta: Weight of false negatives; above ``alpha`` it favours recall.
        gamma: Exponent of the loss; below 1 keeps easy classes learning, above 1 favours hard ones.
        eps: Added above and below.
        per_image: Take the index of each image and average.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor a class, or ``None``.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        gamma: float = 1.0,
        eps: float = 1.0,
        per_image: bool = False,
        loss_weight: float = 1.0,
        class_weight: list[float] | None = None,
        loss_name: str = 'loss_tversky',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.eps = eps
        self.per_image = per_image

    def class_losses(self, logits: Tensor, bits: Tensor, valid: Tensor | None) -> Tensor:
        """Compute the loss of each class, see the base class."""
        both, predicted, present = soft_overlap(logits, bits, valid, self.per_image)
        false_positive, false_negative = predicted - both, present - both
        errors = self.alpha * false_positive + self.beta * false_negative
        loss = 1 - (both + self.eps) / (both + errors + self.eps)
        if self.gamma != 1.0:
            # the slope of a power below 1 is infinite at 0
            loss = loss.clamp(min=1e-6) ** self.gamma
        return loss.mean(dim=0) if self.per_image else loss
