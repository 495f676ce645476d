"""Optimisers, and constructors that give each weight its settings."""

from .cpu_amp_optim_wrapper import CPUAmpOptimWrapper
from .grouped_weights import GroupedOptimWrapperConstructor
from .layer_decay import LayerDecayOptimWrapperConstructor
from .lion import Lion

__all__ = [
    'CPUAmpOptimWrapper',
    'GroupedOptimWrapperConstructor',
    'LayerDecayOptimWrapperConstructor',
    'Lion',
]
