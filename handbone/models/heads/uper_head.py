"""UPerNet's head without concatenated and upsampled copies of the pyramid."""

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import UPerHead
from mmseg.registry import MODELS
from torch import Tensor

from . import winograd
from .multilabel_head import MultilabelDecodeHead
from .upsampled_convolution import finish, fuse_levels, is_plain


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
        if not torch.is_grad_enabled() and inputs[0].device.type == 'cpu':
            # the order of winograd.convolve, in which 1 x 1 convolutions are faster too
            inputs = [each.contiguous(memory_format=torch.channels_last) for each in inputs]
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
            _apply(convolution, level)
            for convolution, level in zip(self.fpn_convs, levels, strict=False)
        ]
        return fuse_levels(self.fpn_bottleneck, [*outputs, levels[-1]], self.align_corners)


def _apply(module: ConvModule, maps: Tensor) -> Tensor:
    """Apply convolution, normalisation and activation, in predictions with fewer products."""
    if not is_plain(module) or not winograd.pays(module.conv, maps):
        return module(maps)
    return finish(module, winograd.convolve(maps, module.conv.weight))
