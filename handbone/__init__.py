"""Multilabel segmentation for MMSegmentation.

Importing the package registers its parts in mmseg's registries.
"""

from . import datasets, engine, evaluation, models

__all__ = ['datasets', 'engine', 'evaluation', 'models']
