"""The packages of today's usual ways that lie apart from the environment."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

#: What ``make test`` and ``make bench`` install.
FOLDER = Path(sys.prefix) / 'bench'


def import_smp() -> ModuleType:
    """Import segmentation_models.pytorch.

    Returns:
        The package.

    Raises:
        ImportError: If it is installed neither in the environment nor in :data:`FOLDER`.
    """
    if FOLDER.is_dir() and str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    from . import torchvision_stub

    torchvision_stub.declare()  # beside a CPU build of torch the next import needs it
    return importlib.import_module('segmentation_models_pytorch')
