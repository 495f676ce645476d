from .browsing import browse_dataset
from .exporting import export
from .fold_testing import find_folds, predict_out_of_fold
from .fold_training import FoldTraining
from .inferencer import MultilabelInferencer
from .publishing import publish
from .soft_voting import EnsembleModel, soft_vote
from .souping import make_soup
from .testing import test
from .threshold_tuning import tune_thresholds
from .training import train

__all__ = [
    'EnsembleModel',
    'FoldTraining',
    'MultilabelInferencer',
    'browse_dataset',
    'export',
    'find_folds',
    'make_soup',
    'predict_out_of_fold',
    'publish',
    'soft_vote',
    'test',
    'train',
    'tune_thresholds',
]
