"""Hooks of training and testing."""

from .hooks import (
    BroadcastBuffersHook,
    CheckpointCompatibilityHook,
    ClassCountHook,
    MultilabelVisualizationHook,
    OutputBiasHook,
    RLESubmissionHook,
)

__all__ = [
    'BroadcastBuffersHook',
    'CheckpointCompatibilityHook',
    'ClassCountHook',
    'MultilabelVisualizationHook',
    'OutputBiasHook',
    'RLESubmissionHook',
]
