"""Multilabel segmentation for MMSegmentation.

Importing the package registers its parts in mmseg's registries. Only the command ``handbone``
does so later, when it reads a config, so that it answers at once.
"""

import sys

from .version import __version__

__all__ = ['__version__']

if not getattr(sys.modules.get('handbone_command'), 'running', False):
    from .registration import register

    register()
