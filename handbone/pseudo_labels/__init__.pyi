from .agreement import agreement, vote
from .fold_leaks import check_fold_leaks
from .folder import PseudoLabelFolder, Settings
from .gate import ABSENT, DECISIONS, Gate, LabelledImage
from .members import Members
from .training_patients import check_no_leak, training_patients

__all__ = [
    'ABSENT',
    'DECISIONS',
    'Gate',
    'LabelledImage',
    'Members',
    'PseudoLabelFolder',
    'Settings',
    'agreement',
    'check_fold_leaks',
    'check_no_leak',
    'training_patients',
    'vote',
]
