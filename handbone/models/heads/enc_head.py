"""EncNet's head, whose context loss learns which classes an image shows."""

import torch
from mmseg.models.decode_heads import EncHead
from mmseg.registry import MODELS
from torch import Tensor

from handbone.masks import class_bits, ignore_bits, split_unknown

from .multilabel_head import MultilabelDecodeHead


@MODELS.register_module()
class MultilabelEncHead(EncHead, MultilabelDecodeHead):
    """Multilabel ``EncHead``, with the same arguments (Zhang et al., 2018).

    The semantic encoding loss is multilabel by nature: its target, the classes in the image, is
    read from the bits.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelEncHead', in_channels=[512, 1024, 2048], in_index=(1, 2, 3),
                channels=512, num_classes=29)
    """

    @staticmethod
    def _convert_to_onehot_labels(seg_label: Tensor, num_classes: int) -> Tensor:
        """Find the classes that each image shows in its pixels that are not ignored.

        Args:
            seg_label: ``(N, P, H, W)`` int32, or ``(N, 2P, H, W)`` with unknown bits.
            num_classes: Number of classes C.

        Returns:
            ``(N, C)`` int64, 0 or 1; -1, which the loss leaves out, for a class that is not seen
            and may be where it is unknown.
        """
        labels, unknown = split_unknown(seg_label, num_classes)
        seen = ~ignore_bits(labels)
        found = []
        for index in range(num_classes):
            present = (class_bits(labels, index) & seen).flatten(1).any(1).long()
            if unknown is not None:
                maybe = (class_bits(unknown, index) & seen).flatten(1).any(1)
                present = present.masked_fill(maybe & (present == 0), -1)
            found.append(present)
        return torch.stack(found, dim=1)
