"""Scores of overlapping masks, the reader of submission files, and thresholds."""

from .dice_metric import DiceMetric
from .submission import read_submission
from .threshold_metric import ThresholdMetric
from .thresholds import read_thresholds, write_thresholds

__all__ = [
    'DiceMetric',
    'ThresholdMetric',
    'read_submission',
    'read_thresholds',
    'write_thresholds',
]
