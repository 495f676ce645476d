"""Soft Dice loss on packed labels."""

from collections.abc import Sequence

from mmseg.registry import MODELS
from torch import Tensor

from .overlap import OverlapLoss


@MODELS.register_module()
class MultilabelDiceLoss(OverlapLoss):
    """One minus the soft Dice coefficient of every class, averaged over classes.

    ``1 - (2 * sum(p * t) + eps) / (sum(p) + sum(t) + eps)``, after Milletari et al., V-Net, 2016,
    without squares in the denominator.

    Args:
        eps: Added to numerator and denominator; a class that is absent and not predicted then has
            a loss of 0.
        per_image: Compute the coefficient of each image and average them, as the score does,
            instead of one coefficient over the whole batch.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config::

            loss_decode = [
                dict(type='MultilabelBCELoss'),
                dict(type='MultilabelDiceLoss', per_image=True)]
    """

    def __init__(
        self,
        eps: float = 1.0,
        per_image: bool = False,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_dice',
    ) -> None:
        super().__init__(eps, per_image, loss_weight, class_weight, loss_name)

    def ratio_loss(
        self, both: Tensor, predicted: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the loss and its derivatives, see the base class."""
        size = predicted + present + self.eps
        dice = (2 * both + self.eps) / size
        return 1 - dice, -2 / size, dice / size
