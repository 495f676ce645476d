"""Asymmetric loss on packed labels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from handbone.errors import HandboneError

from .base import PackedLoss
from .class_pixels import ClassPixels


@MODELS.register_module()
class MultilabelAsymmetricLoss(PackedLoss):
    """Focal loss that treats pixels with and without the class differently.

    ``-a * (1 - p)^g_pos * log(p)`` where the class is present and
    ``-(1 - a) * q^g_neg * log(1 - q)`` with ``q = max(p - margin, 0)`` elsewhere, averaged over
    pixels and classes (Ridnik et al., Asymmetric Loss for Multi-Label Classification, 2021, who
    have no ``a``). A small class is absent from nearly all pixels: ``g_neg`` and the margin take
    weight from those that are easy, and ``g_pos = 0`` takes none from the few where it is present.

    Without margin it is the first half of the asymmetric unified focal loss (Yeung et al., Unified
    Focal loss, 2022), whose second half is a focal Tversky loss: see ``configs/ablations``.

    Args:
        gamma_positive: Exponent where the class is present: 0, or from 1 on.
        gamma_negative: Exponent where it is absent, likewise.
        margin: Probability below which absent pixels do not count, 0 to below 1.
        alpha: Weight ``a`` of the pixels where the class is present, the others have ``1 - alpha``;
            ``None`` weights all with 1.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Raises:
        HandboneError: If an exponent, the margin or the weight is out of its range.

    Example:
        In a config::

            loss_decode = dict(type='MultilabelAsymmetricLoss', gamma_negative=4.0, margin=0.05)
    """

    def __init__(
        self,
        gamma_positive: float = 0.0,
        gamma_negative: float = 4.0,
        margin: float = 0.05,
        alpha: float | None = None,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_asymmetric',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        for name, gamma in (('gamma_positive', gamma_positive), ('gamma_negative', gamma_negative)):
            if gamma != 0 and gamma < 1:
                raise HandboneError(f'{name} is 0 or at least 1, got {gamma}')
        if not 0 <= margin < 1:
            raise HandboneError(f'margin is from 0 to below 1, got {margin}')
        if alpha is not None and not 0 <= alpha <= 1:
            raise HandboneError(f'alpha is from 0 to 1, got {alpha}')
        self.gamma_positive = gamma_positive
        self.gamma_negative = gamma_negative
        self.margin = margin
        self.balance = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        present, slope_present = self._present(pixels.logits)
        absent, slope_absent = self._absent(pixels.logits)
        there = pixels.target > 0
        values = torch.where(there, self.balance[0] * present, self.balance[1] * absent)
        slopes = torch.where(there, self.balance[0] * slope_present, self.balance[1] * slope_absent)
        return pixels.mean(values), slopes.div_(pixels.num_valid)

    def _present(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each pixel if the class is there."""
        wrong, surprise = torch.sigmoid(-logits), F.softplus(-logits)
        if self.gamma_positive == 0:
            return surprise, -wrong
        focus = wrong**self.gamma_positive
        slope = self.gamma_positive * (1 - wrong) * surprise + wrong
        return focus * surprise, -focus * slope

    def _absent(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each pixel if it is not."""
        probability, right = torch.sigmoid(logits), torch.sigmoid(-logits)
        share: Tensor | float
        if self.margin == 0:
            # 1 - q is 1 - p, whose logarithm is exact this way
            shifted, surprise, share = probability, F.softplus(logits), 1.0
        else:
            shifted = (probability - self.margin).clamp(min=0)
            surprise = -torch.log((right + self.margin).clamp(max=1))
            share = right / (right + self.margin)
        counts = shifted > 0
        gamma = self.gamma_negative
        if gamma == 0:
            return surprise, probability * share * counts
        focus = shifted**gamma
        # d q / d x = p (1 - p)
        steep = gamma * shifted ** (gamma - 1) * surprise * probability * right
        return focus * surprise, (steep + focus * probability * share) * counts
