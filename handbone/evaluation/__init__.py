"""Scores of overlapping masks, and the reader of submission files."""

from .dice_metric import DiceMetric
from .submission import read_submission

__all__ = ['DiceMetric', 'read_submission']
