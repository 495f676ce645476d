"""Variants of mmseg's transformers that never hold whole attention matrices in memory."""

import copy
from typing import Any

from mmengine.model import BaseModule
from mmseg.models import backbones
from mmseg.models.backbones.beit import BEiTAttention
from mmseg.models.backbones.mae import MAEAttention
from mmseg.models.backbones.mit import MixFFN
from mmseg.models.backbones.swin import WindowMSA
from mmseg.registry import MODELS
from torch import nn

from .channels_last_ffn import ChannelsLastMixFFN
from .fused_attention import FusedBEiTAttention, FusedMultiheadAttention, FusedWindowMSA

#: Transformers of mmseg that build whole attention matrices.
CONVERTED = (
    'BEiT',
    'MAE',
    'MixVisionTransformer',
    'PCPVT',
    'SVT',
    'SwinTransformer',
    'VisionTransformer',
)


class FusedMAEAttention(FusedBEiTAttention, MAEAttention):
    """As in BEiT, with MAE's initialisation."""


#: What replaces each layer. The exact class decides: a subclass may compute something else.
FUSED: dict[type[nn.Module], type[nn.Module]] = {
    BEiTAttention: FusedBEiTAttention,
    MAEAttention: FusedMAEAttention,
    MixFFN: ChannelsLastMixFFN,
    WindowMSA: FusedWindowMSA,
    nn.MultiheadAttention: FusedMultiheadAttention,
}


def fuse_layers(module: nn.Module) -> nn.Module:
    """Replace the layers inside a module that have a faster sibling.

    Parameters, buffers, their names and the results stay the same, except for rounding.

    Args:
        module: Any module; its layers are replaced in place.

    Returns:
        The module.
    """
    for name, child in module.named_children():
        fused = FUSED.get(type(child))
        if fused is None:
            fuse_layers(child)
        else:
            setattr(module, name, _as(fused, child))
    return module


def _as(kind: type[nn.Module], module: nn.Module) -> nn.Module:
    """Make an instance of a subclass that shares the parameters and settings of a module."""
    made = kind.__new__(kind)
    made.__dict__.update(copy.copy(module.__dict__))
    return made


def make_sdpa(backbone: type[BaseModule]) -> type[BaseModule]:
    """Make and register the sibling of a backbone of mmseg.

    Args:
        backbone: A transformer.

    Returns:
        The class ``SDPA<Backbone>``, registered under that name: same arguments, same keys in the
        state dict.
    """

    def initialize(self: BaseModule, *args: Any, **kwargs: Any) -> None:
        backbone.__init__(self, *args, **kwargs)
        fuse_layers(self)

    attributes = {
        '__init__': initialize,
        '__doc__': (
            f"mmseg's :class:`{backbone.__name__}`, with the same arguments and state dict, but "
            'attention through ``scaled_dot_product_attention``.'
        ),
        '__module__': __name__,
    }
    return MODELS.register_module(module=type(f'SDPA{backbone.__name__}', (backbone,), attributes))


globals().update({f'SDPA{name}': make_sdpa(getattr(backbones, name)) for name in CONVERTED})

__all__ = ['fuse_layers', 'make_sdpa', *(f'SDPA{name}' for name in CONVERTED)]
