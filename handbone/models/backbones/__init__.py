"""Backbones that mmseg does not have, and siblings of its transformers that need less memory."""

from . import sdpa_backbones
from .convnext import ConvNeXt
from .efficientnet_lite import EfficientNetLite
from .folded_unet import FoldedUNet
from .sdpa_backbones import *  # noqa: F403

__all__ = ['ConvNeXt', 'EfficientNetLite', 'FoldedUNet', *sdpa_backbones.__all__]
