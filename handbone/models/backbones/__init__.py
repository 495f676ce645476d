"""Backbones that mmseg does not have."""

from .folded_unet import FoldedUNet

__all__ = ['FoldedUNet']
