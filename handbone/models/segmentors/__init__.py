"""Multilabel segmentors."""

from .multilabel_segmentor import MultilabelCascadeEncoderDecoder, MultilabelEncoderDecoder
from .multilabel_tta import MultilabelTTAModel
from .smp_segmentor import SMPSegmentor

__all__ = [
    'MultilabelCascadeEncoderDecoder',
    'MultilabelEncoderDecoder',
    'MultilabelTTAModel',
    'SMPSegmentor',
]
