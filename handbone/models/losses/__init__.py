"""Multilabel losses that read packed labels."""

from .base import PackedLoss
from .bce import MultilabelBCELoss
from .class_by_class import class_by_class_loss
from .dice import MultilabelDiceLoss
from .focal import MultilabelFocalLoss
from .tversky import MultilabelTverskyLoss

__all__ = [
    'MultilabelBCELoss',
    'MultilabelDiceLoss',
    'MultilabelFocalLoss',
    'MultilabelTverskyLoss',
    'PackedLoss',
    'class_by_class_loss',
]
