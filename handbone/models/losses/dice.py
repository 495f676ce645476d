"""Soft Dice loss on packed labels."""

from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .overlap import soft_overlap


@MODELS.register_module()
class MultilabelDiceLoss(PackedLoss):
    """One minus the soft Dice coefficient of every class, averaged over classes.

    ``1 - (2 * sum(p * t) + eps) / (sum(p) + sum(t) + eps)``, after Milletari et al., V-Net, 2016,
    without squares in the denominator.

    Args:
        eps: Added above and below; the loss of a class that is absent and not predicted is 0.
        per_image: Take the coefficient of each image and average (as the score does) instead of one
            coefficient over the batch.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor a class, or ``None``.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        eps: float = 1.0,
        per_image: bool = False,
        loss_weight: float = 1.0,
        class_weight: list[float] | None = None,
        loss_name: str = 'loss_dice',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.eps = eps
        self.per_image = per_image

    def class_losses(self, logits: Tensor, bits: Tensor, valid: Tensor | None) -> Tensor:
        """Compute the loss of each class, see the base class."""
        both, predicted, present = soft_overlap(logits, bits, valid, self.per_image)
        loss = 1 - (2 * both + self.eps) / (predicted + present + self.eps)
        return loss.mean(dim=0) if self.per_image else loss
