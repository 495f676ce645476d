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
    TrackingHook,
)
from .optimizers import CPUAmpOptimWrapper, LayerDecayOptimWrapperConstructor, Lion
from .resumable_runner import ResumableRunner
from .seeded_samples import SeededSamples, StreamSampler
from .tracking import (
    BufferedMLflowVisBackend,
    ResumableTensorboardVisBackend,
    ResumableWandbVisBackend,
)

__all__ = [
    'BroadcastBuffersHook',
    'BufferedMLflowVisBackend',
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
    'ResumableTensorboardVisBackend',
    'ResumableWandbVisBackend',
    'SeededSamples',
    'StreamSampler',
    'SystemLoadHook',
    'TrackingHook',
    'checkpoints',
]
