"""Several answers made into one: votes, mean logits, folds, mean weights."""

from .class_lists import check_same_classes
from .ensemble_test_loop import EnsembleTestLoop
from .logit_store import LogitStore
from .run_votes import vote_on_runs
from .submission_rows import ImageRuns, SubmissionRows
from .threshold_file import read_thresholds
from .vote_weights import VoteWeights, read_class_weights
from .voted_submission import VotedSubmission, vote_submissions

__all__ = [
    'EnsembleTestLoop',
    'ImageRuns',
    'LogitStore',
    'SubmissionRows',
    'VoteWeights',
    'VotedSubmission',
    'check_same_classes',
    'read_class_weights',
    'read_thresholds',
    'vote_on_runs',
    'vote_submissions',
]
