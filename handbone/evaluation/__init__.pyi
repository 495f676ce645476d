from .bootstrap import bootstrap_difference, bootstrap_mean
from .dice_metric import DiceMetric
from .exclusive_iou_metric import ExclusiveIoUMetric
from .overlap_metric import OverlapMetric
from .pair_scores import pair_scores
from .surface_distance import (
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_distances,
)
from .surface_metric import SurfaceMetric
from .threshold_metric import ThresholdMetric
from .thresholds import read_temperatures, read_thresholds, write_thresholds

__all__ = [
    'DiceMetric',
    'ExclusiveIoUMetric',
    'OverlapMetric',
    'SurfaceMetric',
    'ThresholdMetric',
    'average_surface_distance',
    'bootstrap_difference',
    'bootstrap_mean',
    'hausdorff_distance',
    'pair_scores',
    'read_temperatures',
    'read_thresholds',
    'surface_dice',
    'surface_distances',
    'write_thresholds',
]
