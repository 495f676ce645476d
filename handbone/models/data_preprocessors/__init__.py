"""Data preprocessors that mmseg does not have."""

from .progressive import ProgressiveDataPreProcessor

__all__ = ['ProgressiveDataPreProcessor']
