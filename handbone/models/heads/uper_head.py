"""UPerNet's head without concatenated and upsampled copies of the pyramid."""

import torch.nn.functional as F
from mmseg.models.decode_heads import UPerHead
from mmseg.registry import MODELS
from torch import Tensor

from .multilabel_head import MultilabelDecodeHead
from .upsampled_convolution import fuse_levels


@MODELS.register_module()
class MultilabelUPerHead(UPerHead, MultilabelDecodeHead):
    """Multilabel :class:`mmseg.models.UPerHead`, with the same arguments and state dict.

    The levels of the pyramid are fused by :func:`fuse_levels`, which computes the same result in
    less time and memory.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelUPerHead', in_channels=[96, 192, 384, 768],
                in_index=[0, 1, 2, 3], channels=512, num_classes=29)
    """

    def psp_forward(self, inputs: list[Tensor]) -> Tensor:
        """Pool the coarsest level and fuse it with the pooled maps.

        Args:
            inputs: Feature maps of the backbone, the coarsest last.

        Returns:
            ``(N, channels, h, w)`` at the coarsest resolution.
        """
        coarsest = inputs[-1]
        pooled = [pool(coarsest) for pool in self.psp_modules]
        return fuse_levels(self.bottleneck, [coarsest, *pooled], self.align_corners)

    def _forward_feature(self, inputs: list[Tensor]) -> Tensor:
        inputs = self._transform_inputs(inputs)
        levels = [self.psp_forward(inputs)]
        for convolution, features in zip(
            reversed(self.lateral_convs), reversed(inputs[:-1]), strict=True
        ):
            size = features.shape[2:]
            above = F.interpolate(
                levels[0], size, mode='bilinear', align_corners=self.align_corners
            )
            levels.insert(0, convolution(features) + above)
        outputs = [
            convolution(level) for convolution, level in zip(self.fpn_convs, levels, strict=False)
        ]
        return fuse_levels(self.fpn_bottleneck, [*outputs, levels[-1]], self.align_corners)
