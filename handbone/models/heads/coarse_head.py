"""The auxiliary heads of deep supervision."""

from collections.abc import Sequence
from typing import Any

from mmengine.structures import BaseDataElement
from mmseg.registry import MODELS
from torch import Tensor

from .multilabel_head import MultilabelDecodeHead, stack_labels


@MODELS.register_module()
class MultilabelCoarseHead(MultilabelDecodeHead):
    """Losses of a coarse feature map at its own resolution, for deep supervision.

    As an ``auxiliary_head`` of a U-Net, on a coarser level of its decoder, it gives that level a
    gradient of its own (Lee et al., 2015). As in nnU-Net (Isensee et al., 2021), labels take every
    n-th pixel of the full size, and ``weight`` is halved from level to level. The classification
    is a 1 x 1 convolution. Auxiliary heads are trained and not used in predictions, so they are in
    no exported file.

    Shape:
        - Input: list of feature maps; the one at ``in_index``, ``(N, in_channels, h, w)``.
        - Output: ``(N, num_classes, h, w)``.

    Args:
        in_channels: Channels of the feature map.
        num_classes: Number of classes.
        weight: Factor of all losses of this head.
        dropout_ratio: Share of channels dropped in training.
        **kwargs: Further arguments of :class:`MultilabelDecodeHead`.

    Example:
        In a config::

            backbone = dict(type='FoldedUNet', channels=(32, 64, 128), outputs=3)
            auxiliary_head = [
                dict(type='MultilabelCoarseHead', in_channels=64, in_index=1, num_classes=29,
                     weight=0.5),
                dict(type='MultilabelCoarseHead', in_channels=128, in_index=2, num_classes=29,
                     weight=0.25)]
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        weight: float = 1.0,
        dropout_ratio: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            in_channels, in_channels, num_classes=num_classes, dropout_ratio=dropout_ratio, **kwargs
        )
        self.weight = weight

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute the logits.

        Args:
            inputs: Feature maps of the backbone.

        Returns:
            ``(N, num_classes, h, w)``.
        """
        return self.cls_seg(self._transform_inputs(inputs))

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Compute the losses of logits against labels of the same resolution.

        Args:
            seg_logits: ``(N, C, h, w)``.
            batch_data_samples: Samples for :func:`stack_labels`.

        Returns:
            As :meth:`MultilabelDecodeHead.loss_by_feat`.
        """
        labels = coarse_labels(stack_labels(batch_data_samples), seg_logits.shape[2:])
        losses = self.loss_by_labels(seg_logits, labels)
        return {name: self.weight * value for name, value in losses.items()}


def coarse_labels(labels: Tensor, size: Sequence[int]) -> Tensor:
    """Take every n-th pixel of packed labels, which keeps every bit.

    Args:
        labels: ``(N, P, H, W)`` int32.
        size: Height and width of the result; other sizes than whole parts of H and W are allowed.

    Returns:
        ``(N, P, height, width)``, of the pixels nearest to the centres of the coarse ones.
    """
    for axis, wanted in zip((2, 3), size, strict=True):
        full = labels.shape[axis]
        if full != wanted:
            centres = [(2 * index + 1) * full // (2 * wanted) for index in range(wanted)]
            labels = labels.index_select(axis, labels.new_tensor(centres))
    return labels
