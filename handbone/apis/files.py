"""Functions for datasets and submissions, which need no model."""

from handbone.configuration.config_file import read_config_file
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.conversion import Conversion, convert
from handbone.doctor.doctor import doctor
from handbone.reports.report import write_report as report
from handbone.runs.run_comparison import config_differences, score_rows
from handbone.runs.run_record import read_run
from handbone.scoring import Evaluation, evaluate
from handbone.submissions import read_submission
from handbone.submissions import vote_submissions as vote

__all__ = [
    'ClassChoice',
    'Conversion',
    'Evaluation',
    'config_differences',
    'convert',
    'doctor',
    'evaluate',
    'read_config_file',
    'read_run',
    'read_submission',
    'report',
    'score_rows',
    'vote',
]
