"""Optimisers, and what decides how each weight is optimised."""

from .cpu_amp_optim_wrapper import CPUAmpOptimWrapper
from .layer_decay import LayerDecayOptimWrapperConstructor
from .lion import Lion

__all__ = ['CPUAmpOptimWrapper', 'LayerDecayOptimWrapperConstructor', 'Lion']
