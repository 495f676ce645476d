"""The base class that makes mmseg's decode heads multilabel."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor

from handbone.errors import HandboneError

from .multilabel_output import DEFAULT_LOSSES, MultilabelOutput, check_class_count


class MultilabelDecodeHead(MultilabelOutput, BaseDecodeHead):
    """Decode head whose classes are independent of each other.

    It replaces two methods of :class:`BaseDecodeHead`: the loss reads packed labels and never
    upsamples all classes at once, and the prediction stays at the resolution of the logits.
    A head of mmseg becomes multilabel by inheriting from itself first and from this class second::

        class MultilabelUPerHead(UPerHead, MultilabelDecodeHead): ...

    Python then looks up a method first in the mmseg head, next here, and last in
    ``BaseDecodeHead``. A head that defines its own loss (for several logits, say) keeps it, and its
    calls of ``super().loss_by_feat`` arrive here once for each of its logits.

    Args:
        *args: Arguments of the mmseg head.
        num_classes: Number of classes, at least 1.
        loss_decode: One or several multilabel losses; BCE + Dice by default.
        **kwargs: Further arguments of the mmseg head.

    Raises:
        HandboneError: If there is no class, a pixel sampler is configured, or a loss
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
        check_class_count(name, num_classes)
        if num_classes == 1:
            # mmseg would warn of a default; thresholds are those of the segmentor
            kwargs.setdefault('threshold', 0.5)
        super().__init__(
            *args,
            num_classes=num_classes,
            out_channels=num_classes,
            loss_decode=loss_decode,
            **kwargs,
        )
        if self.sampler is not None:
            raise HandboneError(f'{name}: pixel samplers read integer labels; remove `sampler`')
        self.check_multilabel()

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Classify each pixel.

        Dropping whole feature maps before a 1 x 1 convolution is the same as dropping its weights,
        so no copy of the features has to be made and kept.

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
            batch_data_samples: Samples for :func:`stack_labels`.

        Returns:
            As :meth:`loss_by_labels`.
        """
        return self.loss_by_labels(seg_logits, stack_labels(batch_data_samples))

    def _stack_batch_gt(self, batch_data_samples: list[BaseDataElement]) -> Tensor:
        """Stack labels for the heads of mmseg that have losses of their own."""
        return stack_labels(batch_data_samples)

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the logits unchanged: the segmentor upsamples them once, box by box.

        Args:
            seg_logits: ``(N, C, h, w)``.
            batch_img_metas: Not used.

        Returns:
            ``seg_logits``.
        """
        return seg_logits


def stack_labels(batch_data_samples: list[BaseDataElement]) -> Tensor:
    """Stack the packed labels of a batch.

    Args:
        batch_data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32, or
            ``(2P, H, W)`` where classes are unknown.

    Returns:
        ``(N, P, H, W)`` int32, or ``(N, 2P, H, W)`` if any sample has unknown bits.
    """
    maps = [sample.gt_sem_seg.data for sample in batch_data_samples]
    most = max(map(len, maps))
    return torch.stack(
        [one if len(one) == most else F.pad(one, (0, 0, 0, 0, 0, most - len(one))) for one in maps]
    )


def unknown_planes(batch_data_samples: list[BaseDataElement]) -> int:
    """Count the planes of unknown bits that :func:`stack_labels` gives.

    Args:
        batch_data_samples: Samples whose meta information has ``unknown_planes`` where there are
            any.

    Returns:
        Their number, 0 where nothing is unknown.
    """
    return max(sample.metainfo.get('unknown_planes', 0) for sample in batch_data_samples)


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
