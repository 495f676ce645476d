"""Segmenter's head, which compares each pixel with one vector per class."""

from mmseg.models.decode_heads import SegmenterMaskTransformerHead
from mmseg.registry import MODELS
from torch import nn

from .multilabel_head import MultilabelDecodeHead


@MODELS.register_module()
class MultilabelSegmenterMaskTransformerHead(SegmenterMaskTransformerHead, MultilabelDecodeHead):
    """Multilabel ``SegmenterMaskTransformerHead``, with the same arguments (Strudel et al., 2021).

    The similarities of a pixel are normalised over the classes before each class is scaled and
    shifted; the shifts are the output's biases.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelSegmenterMaskTransformerHead', in_channels=768, channels=768,
                embed_dims=768, num_layers=2, num_heads=12, num_classes=29)
    """

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the normalisation whose shifts are the biases of the classes."""
        return [self.mask_norm]
