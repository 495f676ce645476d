"""Multilabel segmentation for MMSegmentation.

Importing the package registers its parts in mmseg's registries. Only the command ``handbone``
does so later, when it reads a config, so that it answers at once.
"""

from .registration import register, runs_command
from .version import __version__

__all__ = ['__version__']

if not runs_command():
    register()
