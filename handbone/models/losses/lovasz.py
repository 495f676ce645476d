"""Lovász hinge loss on packed labels."""

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .class_pixels import ClassPixels


@MODELS.register_module()
class MultilabelLovaszLoss(PackedLoss):
    """The Lovász extension of the Jaccard loss of each class, with hinge errors.

    Berman et al., The Lovász-Softmax loss, 2018, for independent classes: the errors
    ``1 - x * s`` with ``s`` 1 where the class is present and -1 elsewhere are sorted, and each
    weighs what its pixel adds to the Jaccard loss of the pixels before it. It is zero where all
    logits are beyond 1 on the right side.

    The pixels of a class are sorted, so it costs more than the other losses. In distributed
    training each process sorts its own images.

    Args:
        per_image: Sort the pixels of each image, as the score does, instead of those of the batch.
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config, beside cross-entropy, which also moves logits that are right::

            loss_decode = [
                dict(type='MultilabelBCELoss'),
                dict(type='MultilabelLovaszLoss', per_image=True)]
    """

    def __init__(
        self,
        per_image: bool = False,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_lovasz',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        self.per_image = per_image

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        # classes and, per image, images in rows; hidden pixels have errors far below 0
        logits, target = (self._rows(each) for each in (pixels.logits, pixels.target))
        sign = 2 * target - 1
        errors, order = (1 - logits * sign).sort(dim=-1, descending=True)
        steps = jaccard_steps(target.gather(-1, order)) * (errors > 0)
        values = (errors * steps).sum(-1)
        slopes = torch.empty_like(steps).scatter_(-1, order, steps).mul_(-sign)
        images, classes, height, width = pixels.logits.shape
        if not self.per_image:
            slopes = slopes.view(classes, images, height, width).transpose(0, 1)
            return values, slopes.contiguous()
        slopes = slopes.view(images, classes, height, width).div_(pixels.num_images)
        count = torch.as_tensor(pixels.num_images, dtype=values.dtype, device=values.device)
        return values.sum(0) / count.flatten(), slopes

    def _rows(self, maps: Tensor) -> Tensor:
        """Lay out ``(N, K, H, W)`` as ``(N, K, pixels)``, or ``(K, pixels)`` of the whole batch."""
        return maps.flatten(2) if self.per_image else maps.transpose(0, 1).flatten(1)


def jaccard_steps(present: Tensor) -> Tensor:
    """Compute what each pixel adds to the Jaccard loss when the pixels before it are wrong.

    Args:
        present: ``(…, pixels)``, 1 where the class is present, in the order of falling errors.

    Returns:
        ``(…, pixels)``; they add up to 1, or to 0 where no error is left.
    """
    total = present.sum(-1, keepdim=True)
    missed = present.cumsum(-1)
    false_alarms = (1 - present).cumsum(-1)
    losses = 1 - (total - missed) / (total + false_alarms)
    return torch.diff(losses, dim=-1, prepend=torch.zeros_like(total))
