"""A small U-Net that works at a quarter of the input's resolution."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from handbone.errors import HandboneError


@MODELS.register_module()
class FoldedUNet(BaseModule):
    """U-Net on space folded into channels, for training from scratch on small machines.

    The stem rearranges blocks of ``fold x fold`` pixels into channels (``nn.PixelUnshuffle``), so
    that no convolution runs at full resolution and no pixel is discarded. Radiographs are grey, so
    one input channel is enough; of an input with three equal channels only the first is used,
    unless ``in_channels`` is 3.
    Together with :class:`MultilabelPixelShuffleHead`, which unfolds, the output has the input's
    resolution.

    Shape:
        - Input: ``(N, 1 or 3, H, W)``; H and W multiples of ``fold * 2 ** (len(channels) - 1)``.
        - Output: ``outputs`` maps, ``(N, channels[i], H / (fold * 2 ** i), W / (fold * 2 ** i))``.

    Args:
        channels: Channels of each level, each at half the resolution of the one before.
        fold: Side of the pixel blocks that the stem folds.
        blocks: Number of residual blocks of each level, in the encoder; the decoder has one.
        norm_cfg: Normalisation layer.
        init_cfg: Initialisation, as in mmengine.
        in_channels: Channels of the input that are used, 1 for grey images or 3 for colours.
        outputs: How many levels of the decoder are given, finest first; the coarser ones are for
            auxiliary heads, see :class:`MultilabelCoarseHead`. The weights are the same.

    Raises:
        HandboneError: If there are not as many levels.

    Example:
        In a config::

            backbone = dict(type='FoldedUNet', channels=(32, 64, 128, 192, 256), fold=4)
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128, 192, 256),
        fold: int = 4,
        blocks: Sequence[int] = (1, 1, 1, 1, 1),
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
        in_channels: int = 1,
        outputs: int = 1,
    ) -> None:
        super().__init__(init_cfg)
        check_outputs('FoldedUNet', outputs, channels)
        self.outputs = outputs
        self.in_channels = in_channels
        norm_cfg = norm_cfg or dict(type='BN')
        self.stride = fold * 2 ** (len(channels) - 1)
        self.fold = nn.PixelUnshuffle(fold)
        self.stem = ConvModule(in_channels * fold**2, channels[0], 3, padding=1, norm_cfg=norm_cfg)
        self.down = nn.ModuleList()
        self.encoder = nn.ModuleList()
        self.up = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for level, width in enumerate(channels):
            stages = [ResidualBlock(width, norm_cfg) for _ in range(blocks[level])]
            self.encoder.append(nn.Sequential(*stages))
            if level + 1 < len(channels):
                deeper = channels[level + 1]
                self.down.append(ConvModule(width, deeper, 2, stride=2, norm_cfg=norm_cfg))
                self.up.append(ConvModule(deeper, width, 1, norm_cfg=norm_cfg, act_cfg=None))
                self.decoder.append(ResidualBlock(width, norm_cfg))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the feature maps.

        Args:
            images: ``(N, 1 or 3, H, W)``.

        Returns:
            The maps, finest first.

        Raises:
            HandboneError: If H or W is not a multiple of the network's stride.
        """
        height, width = images.shape[2:]
        if height % self.stride or width % self.stride:
            raise HandboneError(
                f'FoldedUNet takes sizes that are multiples of {self.stride}, got {height} x '
                f'{width}; set size_divisor={self.stride} in the data preprocessor, or resize'
            )
        features = self.stem(self.fold(images[:, : self.in_channels]))
        skips = []
        for level, stage in enumerate(self.encoder):
            features = stage(features)
            if level < len(self.down):
                skips.append(features)
                features = self.down[level](features)
        maps = [features]
        for level in reversed(range(len(skips))):
            raised = F.interpolate(self.up[level](features), scale_factor=2, mode='nearest')
            features = self.decoder[level](torch.relu(raised + skips[level]))
            maps.append(features)
        return tuple(maps[: -self.outputs - 1 : -1])


def check_outputs(name: str, outputs: int, channels: Sequence[int]) -> None:
    """Check how many levels of a decoder are given.

    Args:
        name: Whose they are, for the message.
        outputs: Number of levels.
        channels: Channels of each level.

    Raises:
        HandboneError: If there are not as many.
    """
    if not 1 <= outputs <= len(channels):
        raise HandboneError(
            f'{name} has {len(channels)} levels: outputs is from 1 to {len(channels)}, '
            f'got {outputs}'
        )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al., 2016).

    Args:
        channels: Channels in and out.
        norm_cfg: Normalisation layer.
    """

    def __init__(self, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.first = ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg)
        self.second = ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg, act_cfg=None)

    def forward(self, features: Tensor) -> Tensor:
        """Apply the block; shape unchanged, ``(N, channels, H, W)``."""
        return torch.relu(features + self.second(self.first(features)))
