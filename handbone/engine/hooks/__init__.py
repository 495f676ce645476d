"""Hooks of training and testing."""

from .broadcast_buffers_hook import BroadcastBuffersHook
from .checkpoint_compatibility_hook import CheckpointCompatibilityHook
from .class_count_hook import ClassCountHook
from .compile_hook import CompileHook
from .durable_checkpoint_hook import DurableCheckpointHook
from .invalid_loss_hook import InvalidLossHook
from .model_input_hook import ModelInputHook
from .mosaic_hook import MosaicHook
from .notification_hook import NotificationHook
from .output_bias_hook import OutputBiasHook
from .pruning_hook import PruningHook
from .result_sheet_hook import ResultSheetHook
from .resumable_early_stopping_hook import ResumableEarlyStoppingHook
from .rle_submission_hook import RLESubmissionHook
from .system_load_hook import SystemLoadHook
from .tracking_hook import TrackingHook
from .visualization_hook import MultilabelVisualizationHook

__all__ = [
    'BroadcastBuffersHook',
    'CheckpointCompatibilityHook',
    'ClassCountHook',
    'CompileHook',
    'DurableCheckpointHook',
    'InvalidLossHook',
    'ModelInputHook',
    'MosaicHook',
    'MultilabelVisualizationHook',
    'NotificationHook',
    'OutputBiasHook',
    'PruningHook',
    'RLESubmissionHook',
    'ResultSheetHook',
    'ResumableEarlyStoppingHook',
    'SystemLoadHook',
    'TrackingHook',
]
