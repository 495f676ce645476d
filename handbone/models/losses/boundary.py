"""Boundary loss on packed labels."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import PackedLoss
from .class_pixels import ClassPixels


@MODELS.register_module()
class MultilabelBoundaryLoss(PackedLoss):
    """The mean of ``p * d``, with ``d`` the signed distance of a pixel to the boundary of a class.

    Kervadec et al., Boundary loss for highly unbalanced segmentation, 2019. ``d`` is positive
    outside of the class and negative within it, so that a false pixel costs the more the farther
    away it is. Distances are Euclidean, from the centre of the pixel to the boundary between
    pixels, as a share of the longer side of the image, so the loss weighs the same at every size.
    In images without the class, ``d`` is 0.

    Distances are computed per class from its bits, on the CPU, which GPUs have to wait for. Alone,
    the loss has a trivial minimum: combine it with Dice or cross-entropy, with a weight that leaves
    these the larger part.

    Args:
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor per class, or ``None``.
        loss_name: Key in the log.

    Example:
        In a config::

            loss_decode = [
                dict(type='MultilabelBCELoss'),
                dict(type='MultilabelDiceLoss'),
                dict(type='MultilabelBoundaryLoss', loss_weight=0.5)]
    """

    reads_places = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_boundary',
    ) -> None:
        super().__init__(loss_weight, class_weight, loss_name)
        # not as a decorator: only who uses this loss waits for the import of PyTorch's compiler
        self._distances = torch.compiler.disable(signed_distances)

    def class_losses(self, pixels: ClassPixels) -> tuple[Tensor, Tensor]:
        """Compute values and gradients, see the base class."""
        distance = self._distances(pixels.target)
        probability = pixels.probability
        values = pixels.mean(probability * distance)
        slopes = distance.mul_(torch.addcmul(probability, probability, probability, value=-1))
        return values, slopes.div_(pixels.num_valid)


def signed_distances(present: Tensor) -> Tensor:
    """Measure how far each pixel is from the boundary of a class.

    Args:
        present: ``(N, K, H, W)``, 1 where the class is present, 0 elsewhere.

    Returns:
        Same shape, dtype and device: the distance as a share of the longer side, negative within
        the class; 0 where an image is all of one kind.
    """
    masks = (present > 0).cpu().numpy().view(np.uint8)
    distances = np.zeros(masks.shape, np.float32)
    for index in np.ndindex(masks.shape[:2]):
        mask = masks[index]
        if mask.any() and not mask.all():
            within = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            # the boundary is half a pixel nearer than the next pixel of the other kind
            distances[index] = np.where(mask, 0.5 - within, outside - 0.5)
    distances /= max(masks.shape[2:])
    return torch.from_numpy(distances).to(present)
