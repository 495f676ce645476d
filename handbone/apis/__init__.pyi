from .best_finding import BestFound, find_best
from .browsing import browse_dataset
from .dataset_cropping import Crops, crop_dataset
from .dataset_download import download_dataset
from .ensemble_testing import EnsembleTest
from .exporting import export
from .files import (
    ClassChoice,
    Conversion,
    Evaluation,
    config_differences,
    convert,
    doctor,
    evaluate,
    read_config_file,
    read_run,
    read_submission,
    report,
    score_rows,
    vote,
)
from .fold_joining import join_folds
from .fold_making import Folds, make_folds
from .fold_testing import find_folds, fold_checkpoints, predict_ensemble, predict_out_of_fold
from .fold_training import FoldTraining, train_folds
from .inferencer import MultilabelInferencer
from .joining import join
from .measuring import Measured, measure
from .metadata_cleaning import clean_metadata
from .notifying import notify
from .planning import PlannedTraining, plan
from .pseudo_labelling import PseudoLabels, pseudo_label
from .publishing import publish
from .region_template import region_template
from .run_verdict import RunVerdict, judge_run
from .searching import Search
from .soft_voting import EnsembleModel, soft_vote
from .souping import make_soup
from .testing import test
from .threshold_tuning import tune_thresholds
from .tile_browsing import browse_tiles
from .tracking import send_tracking
from .training import train

__all__ = [
    'BestFound',
    'ClassChoice',
    'Conversion',
    'Crops',
    'EnsembleModel',
    'EnsembleTest',
    'Evaluation',
    'FoldTraining',
    'Folds',
    'Measured',
    'MultilabelInferencer',
    'PlannedTraining',
    'PseudoLabels',
    'RunVerdict',
    'Search',
    'browse_dataset',
    'browse_tiles',
    'clean_metadata',
    'config_differences',
    'convert',
    'crop_dataset',
    'download_dataset',
    'doctor',
    'evaluate',
    'export',
    'find_best',
    'find_folds',
    'fold_checkpoints',
    'join',
    'join_folds',
    'judge_run',
    'make_folds',
    'make_soup',
    'measure',
    'notify',
    'plan',
    'predict_ensemble',
    'predict_out_of_fold',
    'pseudo_label',
    'publish',
    'read_config_file',
    'read_run',
    'read_submission',
    'region_template',
    'report',
    'score_rows',
    'soft_vote',
    'send_tracking',
    'test',
    'train',
    'train_folds',
    'tune_thresholds',
    'vote',
]
