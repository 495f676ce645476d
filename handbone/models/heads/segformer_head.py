"""SegFormer's head without concatenated and upsampled copies of the pyramid."""

import torch
from mmseg.models.decode_heads import SegformerHead
from mmseg.registry import MODELS
from torch import Tensor

from .multilabel_head import MultilabelDecodeHead
from .upsampled_convolution import fuse_levels


@MODELS.register_module()
class MultilabelSegformerHead(SegformerHead, MultilabelDecodeHead):
    """Multilabel :class:`mmseg.models.SegformerHead`, with the same arguments and state dict.

    The levels of the pyramid are fused by :func:`fuse_levels`, which computes the same result in
    less time and memory.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelSegformerHead', in_channels=[32, 64, 160, 256],
                in_index=[0, 1, 2, 3], channels=256, num_classes=29)
    """

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Compute the logits.

        Args:
            inputs: Feature maps of the backbone, the finest first.

        Returns:
            ``(N, C, h, w)`` at the finest resolution.
        """
        if self.interpolate_mode != 'bilinear':
            return super().forward(inputs)
        # the head consists of 1 x 1 convolutions, which are faster in this memory order
        inputs = [
            level.contiguous(memory_format=torch.channels_last)
            for level in self._transform_inputs(inputs)
        ]
        levels = (convolution(level) for convolution, level in zip(self.convs, inputs, strict=True))
        return self.cls_seg(fuse_levels(self.fusion_conv, levels, self.align_corners))
