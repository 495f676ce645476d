"""Several answers made into one: votes, mean logits, folds, mean weights."""

from .run_votes import vote_on_runs
from .submission_rows import ImageRuns, SubmissionRows
from .vote_weights import VoteWeights, read_class_weights
from .voted_submission import VotedSubmission, vote_submissions

__all__ = [
    'ImageRuns',
    'SubmissionRows',
    'VoteWeights',
    'VotedSubmission',
    'read_class_weights',
    'vote_on_runs',
    'vote_submissions',
]
