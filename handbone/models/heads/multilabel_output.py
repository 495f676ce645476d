"""Losses on packed labels and output biases, for every part with multilabel outputs."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from handbone.errors import HandboneError, counted

from ..losses import MultilabelBCELoss, MultilabelDiceLoss, PackedLoss, class_by_class_loss

if TYPE_CHECKING:
    from mmengine.model import BaseModule as Host
else:
    Host = object  # the subclass brings its own base class

# classes, not names: names would be looked up in whatever default scope the caller has set
DEFAULT_LOSSES = (
    dict(type=MultilabelBCELoss, loss_weight=1.0),
    dict(type=MultilabelDiceLoss, loss_weight=1.0),
)


class MultilabelOutput(Host):
    """Losses and output biases of independent classes, for heads and whole segmentors.

    The subclass has ``num_classes``, ``align_corners`` and ``loss_decode``, which is one loss or an
    ``nn.ModuleList`` of them. Hooks recognise it by :meth:`set_output_bias`.
    """

    def check_multilabel(self) -> None:
        """Check the number of classes and the losses.

        Raises:
            HandboneError: If there is no class, or a loss does not read packed labels.
        """
        check_class_count(type(self).__name__, self.num_classes)
        check_losses(type(self).__name__, self._losses())

    def _losses(self) -> list[PackedLoss]:
        many = isinstance(self.loss_decode, nn.ModuleList)
        return list(self.loss_decode) if many else [self.loss_decode]

    def loss_by_labels(self, seg_logits: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Compute the losses of low-resolution logits against a batch of packed labels.

        Args:
            seg_logits: ``(N, C, h, w)``.
            target: ``(N, P, H, W)`` int32, or ``(N, 2P, H, W)`` with unknown bits.

        Returns:
            ``loss_seg``, the weighted sum, which is differentiated, and for the log the value of
            each loss. Its key is its name without ``loss``, because mmengine would add it to the
            sum otherwise.
        """
        losses = self._losses()
        total, parts = class_by_class_loss(seg_logits, target, losses, self.align_corners)
        result = {'loss_seg': total}
        for loss, value in zip(losses, parts, strict=True):
            key = loss.loss_name.replace('loss', '').strip('_') or type(loss).__name__
            result[key] = result.get(key, 0) + value
        return result

    def set_output_bias(self, class_frequencies: Sequence[float]) -> None:
        """Start every class at its frequency: bias = log(f / (1 - f)).

        Without it the network spends its first iterations on learning that rare classes are mostly
        absent, and a small class may never be predicted (the prior of Lin et al., 2017, per class).

        Args:
            class_frequencies: ``(C,)`` share of pixels of each class, 0 to 1.

        Raises:
            HandboneError: If there is not one frequency per class.
        """
        frequencies = torch.as_tensor(class_frequencies, dtype=torch.float32).clamp(1e-4, 0.9)
        if len(frequencies) != self.num_classes:
            raise HandboneError(
                f'{type(self).__name__} has {counted(self.num_classes, "class")}, '
                f'got {len(frequencies)} frequencies'
            )
        for layer in self.output_convolutions():
            # a layer before a pixel shuffle has several outputs per class, side by side
            bias = cast(Tensor, layer.bias)
            repeats = bias.numel() // len(frequencies)
            with torch.no_grad():
                bias.copy_(torch.logit(frequencies).repeat_interleave(repeats))

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the layers whose biases are those of the classes' logits.

        Several if branches have their own losses, none if the part does not classify.
        """
        return [module for name, module in self.named_children() if name.endswith('conv_seg')]


def check_class_count(name: str, num_classes: int) -> None:
    """Check that there are classes.

    Args:
        name: Whose classes they are, for the message.
        num_classes: Number of classes.

    Raises:
        HandboneError: If there are none.
    """
    if num_classes < 1:
        raise HandboneError(f'{name}: num_classes={num_classes}; at least 1 class is needed')


def check_losses(name: str, losses: Iterable[nn.Module]) -> None:
    """Check that losses read packed labels.

    Args:
        name: Whose losses they are, for the message.
        losses: The losses.

    Raises:
        HandboneError: If one of them does not.
    """
    for loss in losses:
        if not isinstance(loss, PackedLoss):
            raise HandboneError(
                f'{name}: {type(loss).__name__} does not read packed labels; '
                'use MultilabelBCELoss, MultilabelDiceLoss, MultilabelFocalLoss, '
                'MultilabelTverskyLoss, MultilabelAsymmetricLoss, MultilabelLovaszLoss or '
                'MultilabelBoundaryLoss'
            )
