"""A head that turns channels back into pixels."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmseg.registry import MODELS
from torch import Tensor, nn

from .multilabel_head import MultilabelDecodeHead, stack_labels


@MODELS.register_module()
class MultilabelPixelShuffleHead(MultilabelDecodeHead):
    """Logits at a multiple of the feature map's resolution by sub-pixel convolution.

    A 1 x 1 convolution gives ``upscale ** 2`` logits per class, which are rearranged into pixels
    (Shi et al., 2016). Unlike interpolation, this can draw a boundary inside a feature pixel, which
    thin and small structures need if the network works at a low resolution.

    Shape:
        - Input: list of feature maps; the one at ``in_index``, ``(N, in_channels, h, w)``.
        - Output: ``(N, num_classes, h * upscale, w * upscale)``.

    Args:
        in_channels: Channels of the feature map.
        num_classes: Number of classes.
        upscale: Factor between the feature map's resolution and the logits'.
        dropout_ratio: Share of channels dropped in training.
        **kwargs: Further arguments of :class:`MultilabelDecodeHead`.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelPixelShuffleHead', in_channels=32, num_classes=29, upscale=4)
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        upscale: int = 4,
        dropout_ratio: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            in_channels,
            in_channels,
            num_classes=num_classes,
            dropout_ratio=dropout_ratio,
            init_cfg=dict(type='Normal', std=0.01, override=dict(name='to_pixels')),
            **kwargs,
        )
        del self.conv_seg
        self.to_pixels = nn.Conv2d(in_channels, num_classes * upscale**2, kernel_size=1)
        self.upscale = upscale

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute the logits.

        Args:
            inputs: Feature maps of the backbone.

        Returns:
            ``(N, num_classes, h * upscale, w * upscale)``.
        """
        return F.pixel_shuffle(self._folded_logits(inputs), self.upscale)

    def loss(
        self, inputs: Sequence[Tensor], batch_data_samples: list[BaseDataElement], train_cfg: dict
    ) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs: Feature maps of the backbone.
            batch_data_samples: Samples for :func:`stack_labels`.
            train_cfg: Not used.

        Returns:
            As :meth:`MultilabelDecodeHead.loss_by_feat`.
        """
        folded = self._folded_logits(inputs)
        count, _, height, width = folded.shape
        target = stack_labels(batch_data_samples)
        same_size = target.shape[2:] == (height * self.upscale, width * self.upscale)
        if not same_size or any(loss.reads_places for loss in self._losses()):
            return self.loss_by_labels(F.pixel_shuffle(folded, self.upscale), target)
        # Where no loss depends on the order of the pixels, reordering one map of labels is cheaper
        # than reordering the logits of every class and their gradients.
        folded = folded.reshape(count, self.num_classes, -1, width)
        target = F.pixel_unshuffle(target, self.upscale)
        return self.loss_by_labels(folded, target.reshape(count, -1, *folded.shape[2:]))

    def _folded_logits(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits before the pixel shuffle, ``(N, num_classes * upscale ** 2, h, w)``."""
        features = self._transform_inputs(inputs)
        if self.dropout is not None:
            features = self.dropout(features)
        return self.to_pixels(features)

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the convolution that makes the logits, in a list."""
        return [self.to_pixels]
