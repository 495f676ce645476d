"""The runner, its hooks, and checkpoints."""

from . import checkpoints
from .hooks import (
    BroadcastBuffersHook,
    CheckpointCompatibilityHook,
    ClassCountHook,
    DurableCheckpointHook,
    InvalidLossHook,
    MultilabelVisualizationHook,
    OutputBiasHook,
    RLESubmissionHook,
)
from .resumable_runner import ResumableRunner
from .seeded_samples import SeededSamples, StreamSampler

__all__ = [
    'BroadcastBuffersHook',
    'CheckpointCompatibilityHook',
    'ClassCountHook',
    'DurableCheckpointHook',
    'InvalidLossHook',
    'MultilabelVisualizationHook',
    'OutputBiasHook',
    'RLESubmissionHook',
    'ResumableRunner',
    'SeededSamples',
    'StreamSampler',
    'checkpoints',
]
