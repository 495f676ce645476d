"""Multilabel segmentors."""

from .multilabel_segmentor import MultilabelCascadeEncoderDecoder, MultilabelEncoderDecoder
from .multilabel_tta import MultilabelTTAModel

__all__ = ['MultilabelCascadeEncoderDecoder', 'MultilabelEncoderDecoder', 'MultilabelTTAModel']
