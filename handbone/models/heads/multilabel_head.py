"""The multilabel counterpart of mmseg's decode heads: one mechanism for all of them."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..losses import MultilabelBCELoss, MultilabelDiceLoss, PackedLoss, class_by_class_loss

# classes, not names: names would be looked up in whatever default scope the caller has set
DEFAULT_LOSSES = (
    dict(type=MultilabelBCELoss, loss_weight=1.0),
    dict(type=MultilabelDiceLoss, loss_weight=1.0),
)


class MultilabelDecodeHead(BaseDecodeHead):
    """Decode head whose classes are independent of each other.

    It replaces two methods of :class:`BaseDecodeHead`: the loss reads packed labels and never
    upsamples all classes at once, and the prediction stays at the resolution of the logits.
    A head of mmseg becomes multilabel by inheriting from itself first and from this class second::

        class MultilabelUPerHead(UPerHead, MultilabelDecodeHead): ...

    Python then looks for a method in the mmseg head, next here, last in ``BaseDecodeHead``. A head
    with a loss of its own (several logits, say) keeps it, and its calls of ``super().loss_by_feat``
    arrive here once for each of its logits.

    Args:
        *args: Arguments of the mmseg head.
        num_classes: Number of classes, at least 2.
        loss_decode: One or several multilabel losses; BCE + Dice by default.
        **kwargs: Further arguments of the mmseg head.

    Raises:
        ValueError: If there are fewer than 2 classes, a pixel sampler is configured, or a loss
            does not read packed labels.
    """

    def __init__(
        self,
        *args: Any,
        num_classes: int,
        loss_decode: dict | Sequence[dict] = DEFAULT_LOSSES,
        **kwargs: Any,
    ) -> None:
        name = type(self).__name__
        if num_classes < 2:
            raise ValueError(
                f'{name}: num_classes={num_classes}; multilabel segmentation needs at least 2 '
                'classes, for one class use the plain head with out_channels=1'
            )
        super().__init__(
            *args,
            num_classes=num_classes,
            out_channels=num_classes,
            loss_decode=loss_decode,
            **kwargs,
        )
        if self.sampler is not None:
            raise ValueError(f'{name}: pixel samplers read integer labels; remove `sampler`')
        for loss in self._losses():
            if not isinstance(loss, PackedLoss):
                raise ValueError(
                    f'{name}: {type(loss).__name__} does not read packed labels; '
                    'use MultilabelBCELoss, MultilabelDiceLoss, MultilabelFocalLoss or '
                    'MultilabelTverskyLoss'
                )

    def _losses(self) -> list[nn.Module]:
        many = isinstance(self.loss_decode, nn.ModuleList)
        return list(self.loss_decode) if many else [self.loss_decode]

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Classify each pixel.

        Dropping whole feature maps before a 1 x 1 convolution is dropping its weights: no copy of
        the features has to be made and kept.

        Args:
            feat: ``(N, channels, h, w)``.

        Returns:
            Logits, ``(N, C, h, w)``.
        """
        if self.dropout is None or not self.training:
            return self.conv_seg(feat)
        kept = self.dropout(feat.new_ones(*feat.shape[:2], 1, 1))
        weight, bias = self.conv_seg.weight, self.conv_seg.bias
        images = [
            F.conv2d(image[None], weight * factor, bias)
            for image, factor in zip(feat, kept, strict=True)
        ]
        return torch.cat(images)

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Compute the losses of low-resolution logits against packed labels.

        Args:
            seg_logits: ``(N, C, h, w)``.
            batch_data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32.

        Returns:
            ``loss_seg``, the weighted sum, which is differentiated, and each loss by its name less
            ``loss_``, for the log only.
        """
        target = torch.stack([sample.gt_sem_seg.data for sample in batch_data_samples])
        return self.loss_by_labels(seg_logits, target)

    def loss_by_labels(self, seg_logits: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Compute the losses of low-resolution logits against a batch of packed labels.

        Args:
            seg_logits: ``(N, C, h, w)``.
            target: ``(N, P, H, W)`` int32.

        Returns:
            As :meth:`loss_by_feat`.
        """
        losses = self._losses()
        total, parts = class_by_class_loss(seg_logits, target, losses, self.align_corners)
        result = {'loss_seg': total}
        for loss, value in zip(losses, parts, strict=True):
            key = loss.loss_name.removeprefix('loss_')
            result[key] = result.get(key, 0) + value
        return result

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the logits as they are: the segmentor upsamples once, box by box.

        Args:
            seg_logits: ``(N, C, h, w)``.
            batch_img_metas: Not used.

        Returns:
            ``seg_logits``.
        """
        return seg_logits

    def set_output_bias(self, class_frequencies: Sequence[float]) -> None:
        """Start every class at its frequency: bias = log(f / (1 - f)).

        Without it a rare class spends its first iterations on learning to be absent, and small ones
        may never leave 0 (the prior of Lin et al., 2017, for each class).

        Args:
            class_frequencies: ``(C,)`` share of pixels of each class, 0 to 1.

        Raises:
            ValueError: If there is not one frequency a class.
        """
        frequencies = torch.as_tensor(class_frequencies, dtype=torch.float32).clamp(1e-4, 0.9)
        if len(frequencies) != self.num_classes:
            raise ValueError(
                f'{type(self).__name__} has {self.num_classes} classes, '
                f'got {len(frequencies)} frequencies'
            )
        for convolution in self.output_convolutions():
            # one ahead of a pixel shuffle holds several outputs of each class, side by side
            repeats = convolution.out_channels // len(frequencies)
            with torch.no_grad():
                convolution.bias.copy_(torch.logit(frequencies).repeat_interleave(repeats))

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions that make logits: several where branches are trained apart."""
        return [module for name, module in self.named_children() if name.endswith('conv_seg')]


def make_multilabel(head: type[BaseDecodeHead]) -> type[BaseDecodeHead]:
    """Make and register the multilabel counterpart of a decode head of mmseg.

    Args:
        head: A subclass of ``BaseDecodeHead`` that classifies pixels.

    Returns:
        The class ``Multilabel<Head>``, registered under that name.
    """
    attributes = {
        '__doc__': f'Multilabel :class:`mmseg.models.{head.__name__}`, with the same arguments.',
        '__module__': __name__,
    }
    made = type(f'Multilabel{head.__name__}', (head, MultilabelDecodeHead), attributes)
    return MODELS.register_module(module=made)
