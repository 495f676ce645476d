"""Backbones that mmseg does not have."""

from .convnext import ConvNeXt
from .folded_unet import FoldedUNet

__all__ = ['ConvNeXt', 'FoldedUNet']
