"""Multilabel segmentors."""

from .multilabel_segmentor import MultilabelCascadeEncoderDecoder, MultilabelEncoderDecoder
from .multilabel_tta import MultilabelTTAModel
from .region_cascade import RegionCascade
from .second_look import SecondLook
from .smp_segmentor import SMPSegmentor

__all__ = [
    'MultilabelCascadeEncoderDecoder',
    'MultilabelEncoderDecoder',
    'MultilabelTTAModel',
    'RegionCascade',
    'SMPSegmentor',
    'SecondLook',
]
