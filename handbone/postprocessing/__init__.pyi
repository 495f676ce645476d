from .anatomy_checks import check_hand, flags_of
from .boxes import class_boxes
from .components import LargestComponent, LeastArea
from .dense_crf import DenseCRF
from .holes import FillHoles
from .mending import mend
from .selection import STEPS, index_classes
from .step import PostprocessingStep

__all__ = [
    'STEPS',
    'DenseCRF',
    'FillHoles',
    'LargestComponent',
    'LeastArea',
    'PostprocessingStep',
    'check_hand',
    'class_boxes',
    'flags_of',
    'index_classes',
    'mend',
]
