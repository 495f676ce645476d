from .anatomy_checks import check_hand, flags_of, shows_hand
from .components import LargestComponent, LeastArea
from .dense_crf import DenseCRF
from .holes import FillHoles
from .selection import STEPS, index_classes
from .step import PostprocessingStep, apply_steps

__all__ = [
    'STEPS',
    'DenseCRF',
    'FillHoles',
    'LargestComponent',
    'LeastArea',
    'PostprocessingStep',
    'apply_steps',
    'check_hand',
    'flags_of',
    'index_classes',
    'shows_hand',
]
