"""What all multilabel losses on packed labels have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .class_by_class import class_by_class_loss


class PackedLoss(nn.Module, ABC):
    """A loss that is a mean over classes and reads its target from packed labels.

    A subclass defines :meth:`class_losses`, the loss of a few classes from their full-size logits
    and bits. Several losses of one head are evaluated together, see
    :func:`~handbone.models.losses.class_by_class_loss`.

    Args:
        loss_weight: Factor of this loss in the sum.
        class_weight: One factor a class, or ``None`` for equal weights. The loss is the mean over
            classes of ``class_weight[c] * loss[c]``.
        loss_name: Key in the log; mmseg adds entries whose name starts with ``loss_``.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        loss_name: str = 'loss_multilabel',
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.class_weight = None if class_weight is None else tuple(class_weight)
        self._loss_name = loss_name

    @property
    def loss_name(self) -> str:
        """Key of this loss in the log."""
        return self._loss_name

    @abstractmethod
    def class_losses(self, logits: Tensor, bits: Tensor, valid: Tensor | None) -> Tensor:
        """Compute the loss of each of K classes.

        Args:
            logits: ``(N, K, H, W)`` floating point.
            bits: ``(N, K, H, W)`` bool, where each class is present.
            valid: ``(N, H, W)`` bool, ``False`` where the labels say "ignore"; ``None`` if all count.

        Returns:
            ``(K,)`` losses.
        """

    def mean_share(
        self,
        logits: Tensor,
        bits: Tensor,
        valid: Tensor | None,
        classes: range,
        num_classes: int,
    ) -> Tensor:
        """Compute what the given classes contribute to the weighted mean over all classes.

        Args:
            logits: ``(N, K, H, W)`` floating point.
            bits: ``(N, K, H, W)`` bool.
            valid: ``(N, H, W)`` bool or ``None``.
            classes: Indices of the K classes.
            num_classes: Number of all classes.

        Returns:
            A scalar.
        """
        values = self.class_losses(logits, bits, valid)
        if self.class_weight is not None:
            values = values * values.new_tensor(self.class_weight[classes.start : classes.stop])
        return values.sum() * (self.loss_weight / num_classes)

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        **_: object,
    ) -> Tensor:
        """Compute the loss as mmseg's heads call it.

        Args:
            logits: ``(N, C, h, w)`` floating point.
            target: ``(N, H, W)`` or ``(N, P, H, W)`` int32 packed labels.
            weight: Not supported: weights a pixel come from mmseg's pixel samplers, which read
                integer labels.
            ignore_index: Not used: packed labels mark ignored pixels by bit 31.

        Returns:
            A scalar.

        Raises:
            ValueError: If ``weight`` is given or the labels do not fit the logits.
        """
        if weight is not None:
            raise ValueError(
                f'{type(self).__name__} takes no pixel weights; remove `sampler` from the head'
            )
        return class_by_class_loss(logits, target, [self])[0]


def masked_sum(values: Tensor, valid: Tensor | None, per_image: bool = False) -> Tensor:
    """Sum over pixels, leaving out those that the labels ignore.

    Args:
        values: ``(N, K, H, W)`` floating point.
        valid: ``(N, H, W)`` bool or ``None``.
        per_image: Keep the image axis.

    Returns:
        ``(K,)``, or ``(N, K)`` with ``per_image``.
    """
    if valid is not None:
        values = torch.where(valid.unsqueeze(1), values, values.new_zeros(()))
    return values.sum(dim=(2, 3) if per_image else (0, 2, 3))


def num_valid(bits: Tensor, valid: Tensor | None) -> Tensor | int:
    """Count the pixels that are not ignored, at least 1.

    Args:
        bits: ``(N, K, H, W)``, for the number of pixels.
        valid: ``(N, H, W)`` bool or ``None``.

    Returns:
        The count over the batch.
    """
    if valid is None:
        return bits.shape[0] * bits.shape[2] * bits.shape[3]
    return valid.sum().clamp(min=1)
