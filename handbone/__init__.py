"""Multilabel segmentation for MMSegmentation.

Importing the package registers its parts in mmseg's registries.
"""

from . import models

__all__ = ['models']
