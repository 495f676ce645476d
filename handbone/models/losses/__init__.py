"""Multilabel losses that read packed labels."""

from .asymmetric import MultilabelAsymmetricLoss
from .base import PackedLoss
from .bce import MultilabelBCELoss
from .boundary import MultilabelBoundaryLoss
from .class_by_class import class_by_class_loss
from .dice import MultilabelDiceLoss
from .focal import MultilabelFocalLoss
from .lovasz import MultilabelLovaszLoss
from .tversky import MultilabelTverskyLoss

__all__ = [
    'MultilabelAsymmetricLoss',
    'MultilabelBCELoss',
    'MultilabelBoundaryLoss',
    'MultilabelDiceLoss',
    'MultilabelFocalLoss',
    'MultilabelLovaszLoss',
    'MultilabelTverskyLoss',
    'PackedLoss',
    'class_by_class_loss',
]
