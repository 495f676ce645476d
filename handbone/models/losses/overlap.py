"""The base class of losses that are a ratio of overlap and size: Dice and Tversky."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor

from .base import PackedLoss
from .class_pixels import ClassPixels
from .class_sums import BOTH, PREDICTED, PRESENT, SumName, valid_images


class OverlapLoss(PackedLoss):
    """A loss of three sums: ``sum(p * t)``, ``sum(p)`` and ``sum(t)`` of each class.

    In distributed training the sums run over the batches of all processes: two processes get the
    same gradients as one process with twice as many images.

    Args:
        eps: Added to numerator and denominator; a class that is absent and not predicted then has
            a loss of 0.
        per_image: Compute the ratio of each image and average them, as the score does, instead of
            one ratio over the whole batch. Images without a known pixel of a class do not count.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.
    """

    def __init__(
        self,
        eps: float,
        per_image: bool,
        loss_weight: float,
        class_weight: Sequence[float] | None,
        loss_name: str,
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.eps = eps
        self.per_image = per_image
        self.over_processes = not per_image

    @abstractmethod
    def ratio_loss(
        self, both: Tensor, predicted: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the loss from the sums.

        Args:
            both: ``sum(p * t)``, any shape.
            predicted: ``sum(p)``, same shape.
            present: ``sum(t)``, same shape.

        Returns:
            The loss and its derivatives with respect to ``both`` and ``predicted``, same shape.
        """

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        probability, target = pixels.probability, pixels.target
        axes = (2, 3) if self.per_image else (0, 2, 3)
        loss, by_both, by_predicted = self._ratio_losses(
            (probability * target).sum(axes, keepdim=True),
            probability.sum(axes, keepdim=True),
            target.sum(axes, keepdim=True),
            pixels.num_images,
        )
        # d loss / d x = (by_both * t + by_predicted) * p * (1 - p)
        gradient = torch.addcmul(by_predicted, target, by_both)
        gradient *= torch.addcmul(probability, probability, probability, value=-1)
        return loss.flatten(), gradient

    def losses_of_sums(self, sums: dict[SumName, Tensor]) -> tuple[Tensor, dict[SumName, Tensor]]:
        """Compute values and slopes from sums, see the base class."""
        both, predicted, present = (
            sums[name] if self.per_image else sums[name].sum(0, keepdim=True)
            for name in (BOTH, PREDICTED, PRESENT)
        )
        num_images = valid_images(sums) if self.per_image else 1.0
        loss, by_both, by_predicted = self._ratio_losses(both, predicted, present, num_images)
        return loss.flatten(), {BOTH: by_both, PREDICTED: by_predicted}

    def _ratio_losses(
        self, both: Tensor, predicted: Tensor, present: Tensor, num_images: float | Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Average the loss over images; the derivatives refer to the sums of this process."""
        if not self.per_image:
            num_images = 1.0
        processes = 1
        if self.over_processes and (processes := get_world_size()) > 1:
            sums = torch.stack([both, predicted, present])
            all_reduce(sums)
            both, predicted, present = sums
        loss, by_both, by_predicted = self.ratio_loss(both, predicted, present)
        # DDP averages the gradients of the processes, but each holds only its part of a sum
        factor = processes / num_images
        loss = loss / num_images
        return loss.sum(dim=0), by_both * factor, by_predicted * factor
