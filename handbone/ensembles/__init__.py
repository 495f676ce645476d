"""Several answers made into one: votes, mean logits, folds, mean weights."""

from .class_lists import check_same_classes
from .ensemble_test_loop import EnsembleTestLoop
from .fold_config import fold_settings
from .fold_scores import FoldScores
from .logit_store import LogitStore
from .run_votes import vote_on_runs
from .soups import average_weights, greedy_choice, recompute_batch_norm
from .submission_rows import ImageRuns, SubmissionRows
from .vote_weights import VoteWeights, read_class_weights
from .voted_submission import VotedSubmission, vote_submissions

__all__ = [
    'EnsembleTestLoop',
    'FoldScores',
    'ImageRuns',
    'LogitStore',
    'SubmissionRows',
    'VoteWeights',
    'VotedSubmission',
    'average_weights',
    'check_same_classes',
    'fold_settings',
    'greedy_choice',
    'read_class_weights',
    'recompute_batch_norm',
    'vote_on_runs',
    'vote_submissions',
]
