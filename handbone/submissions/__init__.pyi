from .reading import read_submission, submission_classes
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
    'read_submission',
    'submission_classes',
    'vote_on_runs',
    'vote_submissions',
]
