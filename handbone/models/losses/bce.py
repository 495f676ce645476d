"""Binary cross-entropy on packed labels."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss, masked_sum, num_valid


@MODELS.register_module()
class MultilabelBCELoss(PackedLoss):
    """Binary cross-entropy of every class, averaged over pixels and classes.

    ``-(w * t * log(p) + (1 - t) * log(1 - p))`` with ``p = sigmoid(logit)``, computed as
    ``softplus(x) - t * x`` where ``w`` is 1.

    Args:
        positive_weight: Weight ``w`` of the pixels where the class is present.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor a class, or ``None``.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        positive_weight: float = 1.0,
        loss_weight: float = 1.0,
        class_weight: list[float] | None = None,
        loss_name: str = 'loss_bce',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.positive_weight = positive_weight

    def class_losses(self, logits: Tensor, bits: Tensor, valid: Tensor | None) -> Tensor:
        """Compute the loss of each class, see the base class."""
        if self.positive_weight == 1.0:
            values = F.softplus(logits) - logits * bits
        else:
            # -log(1 - p) = softplus(x), -log(p) = softplus(x) - x
            values = F.softplus(logits) * (1 + (self.positive_weight - 1) * bits)
            values = values - self.positive_weight * logits * bits
        return masked_sum(values, valid) / num_valid(bits, valid)
