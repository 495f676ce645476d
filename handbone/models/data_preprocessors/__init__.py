"""Data preprocessors that mmseg does not have."""

from .progressive import ProgressiveDataPreProcessor
from .ranks import RankDataPreProcessor

__all__ = ['ProgressiveDataPreProcessor', 'RankDataPreProcessor']
