"""Multilabel segmentation for MMSegmentation.

Importing the package registers its parts in mmseg's registries.
"""

import contextlib
import sys

# mmseg prints notes about parts that are not installed; standard output is for results
with contextlib.redirect_stdout(sys.stderr):
    from . import datasets, engine, evaluation, models, postprocessing, visualization

__all__ = ['datasets', 'engine', 'evaluation', 'models', 'postprocessing', 'visualization']
