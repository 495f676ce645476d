"""Scores of overlapping masks, and the reader of submission files."""

from .bootstrap import bootstrap_difference, bootstrap_mean
from .dice_metric import DiceMetric
from .submission import read_submission, submission_classes
from .surface_distance import (
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_distances,
)
from .surface_metric import SurfaceMetric

__all__ = [
    'DiceMetric',
    'SurfaceMetric',
    'average_surface_distance',
    'bootstrap_difference',
    'bootstrap_mean',
    'hausdorff_distance',
    'read_submission',
    'submission_classes',
    'surface_dice',
    'surface_distances',
]
