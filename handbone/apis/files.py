"""Functions for datasets and submissions, which need no model."""

from handbone.configuration.config_file import read_config_file
from handbone.runs.run_comparison import config_differences, score_rows
from handbone.runs.run_record import read_run
from handbone.scoring import Evaluation, evaluate
from handbone.submissions import read_submission
from handbone.submissions import vote_submissions as vote

__all__ = [
    'Evaluation',
    'config_differences',
    'evaluate',
    'read_config_file',
    'read_run',
    'read_submission',
    'score_rows',
    'vote',
]
