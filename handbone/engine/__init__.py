"""The runner with its hooks, samplers and optimisers."""

from handbone import checkpoints

from .hooks import (
    BroadcastBuffersHook,
    CheckpointCompatibilityHook,
    ClassCountHook,
    CompileHook,
    DurableCheckpointHook,
    InvalidLossHook,
    ModelInputHook,
    MosaicHook,
    MultilabelVisualizationHook,
    NotificationHook,
    OutputBiasHook,
    PruningHook,
    ResultSheetHook,
    RLESubmissionHook,
    SystemLoadHook,
)
from .optimizers import CPUAmpOptimWrapper, LayerDecayOptimWrapperConstructor, Lion
from .resumable_runner import ResumableRunner
from .seeded_samples import SeededSamples, StreamSampler

__all__ = [
    'BroadcastBuffersHook',
    'CPUAmpOptimWrapper',
    'CheckpointCompatibilityHook',
    'ClassCountHook',
    'CompileHook',
    'DurableCheckpointHook',
    'InvalidLossHook',
    'LayerDecayOptimWrapperConstructor',
    'Lion',
    'ModelInputHook',
    'MosaicHook',
    'MultilabelVisualizationHook',
    'NotificationHook',
    'OutputBiasHook',
    'PruningHook',
    'RLESubmissionHook',
    'ResultSheetHook',
    'ResumableRunner',
    'SeededSamples',
    'StreamSampler',
    'SystemLoadHook',
    'checkpoints',
]
