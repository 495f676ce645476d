"""Decisions after the thresholds: steps that change labels, and checks that only speak."""

from .anatomy_checks import check_hand, flags_of
from .boxes import class_boxes
from .components import LargestComponent, LeastArea
from .dense_crf import DenseCRF
from .holes import FillHoles
from .mending import mend
from .selection import index_classes
from .step import PostprocessingStep

#: By the names that configs and ``tools/test.py --postprocess`` give them.
STEPS = {step.__name__: step for step in (LargestComponent, FillHoles, LeastArea, DenseCRF)}

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
