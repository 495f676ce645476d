"""The decoder of a U-Net for the feature maps of any backbone."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from handbone.errors import HandboneError

from ..backbones.folded_unet import ResidualBlock, check_outputs


@MODELS.register_module()
class UNetNeck(BaseModule):
    """Bring the maps of a backbone together at the finest resolution, from coarse to fine.

    At each level, what comes from below is narrowed, enlarged by repeating pixels and added to the
    backbone's map, then a residual block follows. Adding instead of concatenating, and narrow
    levels, keep the convolutions at high resolution cheap. :class:`MultilabelPixelShuffleHead` with
    ``upscale`` of the finest map's stride brings logits to the resolution of the image.

    Shape:
        - Input: maps ``(N, in_channels[i], h_i, w_i)``, finest first.
        - Output: ``outputs`` maps, ``(N, channels[i], h_i, w_i)``.

    Args:
        in_channels: Channels of each map of the backbone, finest first.
        channels: Channels of each level of the decoder.
        norm_cfg: Normalisation layer.
        outputs: How many levels are given, finest first; the coarser ones are for auxiliary heads,
            see :class:`MultilabelCoarseHead`. The weights are the same.
        init_cfg: Initialisation, as in mmengine.

    Raises:
        HandboneError: If the two lists differ in length, or there are fewer levels than outputs.

    Example:
        In a config::

            neck = dict(
                type='UNetNeck', in_channels=(16, 24, 40, 112, 320), channels=(16, 32, 64, 96, 128))
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: Sequence[int],
        norm_cfg: dict | None = None,
        outputs: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(in_channels) != len(channels) or not channels:
            raise HandboneError(
                f'UNetNeck: in_channels {list(in_channels)} and channels {list(channels)} must '
                'have one number for each map of the backbone'
            )
        check_outputs('UNetNeck', outputs, channels)
        self.outputs = outputs
        norm_cfg = norm_cfg or dict(type='BN')
        linear = dict(norm_cfg=norm_cfg, act_cfg=None)
        self.lateral = nn.ModuleList(
            ConvModule(given, width, 1, **linear)
            for given, width in zip(in_channels, channels, strict=True)
        )
        self.up = nn.ModuleList(
            ConvModule(deeper, width, 1, **linear)
            for width, deeper in zip(channels, channels[1:], strict=False)
        )
        self.blocks = nn.ModuleList(ResidualBlock(width, norm_cfg) for width in channels[:-1])

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Fuse the maps.

        Args:
            maps: Feature maps, finest first.

        Returns:
            The fused maps, finest first.
        """
        features = torch.relu(self.lateral[-1](maps[-1]))
        fused = [features]
        for level in reversed(range(len(self.blocks))):
            skip = self.lateral[level](maps[level])
            raised = F.interpolate(self.up[level](features), size=skip.shape[2:], mode='nearest')
            features = self.blocks[level](torch.relu(raised + skip))
            fused.append(features)
        return tuple(fused[: -self.outputs - 1 : -1])
