"""Hooks of training and testing."""

from .broadcast_buffers_hook import BroadcastBuffersHook
from .output_bias_hook import OutputBiasHook
from .rle_submission_hook import RLESubmissionHook

__all__ = ['BroadcastBuffersHook', 'OutputBiasHook', 'RLESubmissionHook']
