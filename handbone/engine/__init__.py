"""Hooks and optimisers."""

from .hooks import (
    BroadcastBuffersHook,
    CheckpointCompatibilityHook,
    ClassCountHook,
    CompileHook,
    MultilabelVisualizationHook,
    OutputBiasHook,
    RLESubmissionHook,
    SingleImageHook,
    SystemLoadHook,
)
from .optimizers import CPUAmpOptimWrapper, LayerDecayOptimWrapperConstructor, Lion

__all__ = [
    'BroadcastBuffersHook',
    'CheckpointCompatibilityHook',
    'CPUAmpOptimWrapper',
    'ClassCountHook',
    'CompileHook',
    'LayerDecayOptimWrapperConstructor',
    'Lion',
    'MultilabelVisualizationHook',
    'OutputBiasHook',
    'RLESubmissionHook',
    'SingleImageHook',
    'SystemLoadHook',
]
