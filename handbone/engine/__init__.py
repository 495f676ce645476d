"""Hooks of training and testing."""

from .hooks import (
    BroadcastBuffersHook,
    CheckpointCompatibilityHook,
    MultilabelVisualizationHook,
    OutputBiasHook,
    RLESubmissionHook,
)

__all__ = [
    'BroadcastBuffersHook',
    'CheckpointCompatibilityHook',
    'MultilabelVisualizationHook',
    'OutputBiasHook',
    'RLESubmissionHook',
]
