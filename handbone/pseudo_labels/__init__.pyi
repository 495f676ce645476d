from .agreement import agreement, vote
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
    'check_no_leak',
    'training_patients',
    'vote',
]
