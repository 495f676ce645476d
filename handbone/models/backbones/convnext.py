"""ConvNeXt with the parameter names of OpenMMLab's checkpoints."""

from typing import cast

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from handbone.errors import HandboneError

#: Blocks and channels of each stage.
SIZES = {
    'tiny': ((3, 3, 9, 3), (96, 192, 384, 768)),
    'small': ((3, 3, 27, 3), (96, 192, 384, 768)),
    'base': ((3, 3, 27, 3), (128, 256, 512, 1024)),
    'large': ((3, 3, 27, 3), (192, 384, 768, 1536)),
}


@MODELS.register_module()
class ConvNeXt(BaseModule):
    """ConvNeXt (Liu et al., 2022) without the packages that mmpretrain's version needs.

    Its state dict has the keys of ``mmpretrain.ConvNeXt``, so OpenMMLab's checkpoints load with
    ``init_cfg=dict(type='Pretrained', checkpoint=..., prefix='backbone.')``.

    Shape:
        - Input: ``(N, in_channels, H, W)``; H and W at least 32.
        - Output: four maps, ``(N, channels, H / 4, W / 4)`` to ``(N, channels, H / 32, W / 32)``.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'`` or ``'large'``.
        in_channels: Channels of the image.
        drop_path_rate: Share of residual branches dropped in training at the last block; less
            before, linearly.
        layer_scale: Start of the factors of the residual branches.
        with_cp: Recompute blocks in the backward pass instead of keeping what is inside them.
        init_cfg: Initialisation, as in mmengine.

    Raises:
        HandboneError: If the architecture is unknown.

    Example:
        In a config::

            backbone = dict(type='ConvNeXt', arch='tiny', drop_path_rate=0.1)
    """

    def __init__(
        self,
        arch: str = 'base',
        in_channels: int = 3,
        drop_path_rate: float = 0.4,
        layer_scale: float = 1.0,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if arch not in SIZES:
            raise HandboneError(
                f'there is no ConvNeXt arch {arch!r}; there are: {", ".join(SIZES)}'
            )
        depths, channels = SIZES[arch]
        self.with_cp = with_cp
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(in_channels, channels[0], 4, 4), ChannelNorm(channels[0]))]
        )
        for narrow, wide in zip(channels, channels[1:], strict=False):
            layers = nn.Sequential(ChannelNorm(narrow), nn.Conv2d(narrow, wide, 2, 2))
            self.downsample_layers.append(layers)
        rates = torch.linspace(0, drop_path_rate, sum(depths)).split(depths)
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(width, rate.item(), layer_scale) for rate in stage))
            for width, stage in zip(channels, rates, strict=True)
        )
        for stage, width in enumerate(channels):
            self.add_module(f'norm{stage}', ChannelNorm(width))

    def init_weights(self) -> None:
        """Initialise as published, or load what ``init_cfg`` names."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(cast(Tensor, module.bias))
        super().init_weights()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the features of every stage.

        Args:
            images: ``(N, in_channels, H, W)``.

        Returns:
            Four maps at strides 4, 8, 16 and 32.
        """
        features, maps = images, []
        for index, (downsample, stage) in enumerate(
            zip(self.downsample_layers, self.stages, strict=True)
        ):
            features = downsample(features)
            for block in cast(nn.Sequential, stage):
                if self.with_cp and self.training:
                    features = checkpoint(block, features, use_reentrant=False)
                else:
                    features = block(features)
            maps.append(getattr(self, f'norm{index}')(features))
        return tuple(maps)


class ConvNeXtBlock(nn.Module):
    """A depthwise 7 x 7 convolution, then two layers on each pixel, beside a shortcut.

    Args:
        channels: Number of channels.
        drop_path_rate: Probability of leaving the branch out in training.
        layer_scale: Start of the factors of the branch.
    """

    def __init__(self, channels: int, drop_path_rate: float, layer_scale: float) -> None:
        super().__init__()
        self.depthwise_conv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = ChannelNorm(channels)
        self.pointwise_conv1 = nn.Linear(channels, 4 * channels)
        self.pointwise_conv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.full((channels,), layer_scale))
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, features: Tensor) -> Tensor:
        """Add the branch to its input.

        Args:
            features: ``(N, channels, H, W)``.

        Returns:
            The same shape.
        """
        branch = self.depthwise_conv(features).permute(0, 2, 3, 1)
        branch = self.norm.normalize(branch)
        branch = self.pointwise_conv2(F.gelu(self.pointwise_conv1(branch)))
        branch = (branch * self.gamma).permute(0, 3, 1, 2)
        return features + self.drop_path(branch)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel.

    Args:
        channels: Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def normalize(self, features: Tensor) -> Tensor:
        """Normalise maps with their channels last.

        Args:
            features: ``(..., channels)``.

        Returns:
            The same shape.
        """
        return super().forward(features)

    def forward(self, features: Tensor) -> Tensor:
        """Normalise maps with their channels first.

        Args:
            features: ``(N, channels, H, W)``.

        Returns:
            The same shape.
        """
        return self.normalize(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()
