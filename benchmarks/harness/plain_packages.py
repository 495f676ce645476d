"""The packages of today's usual ways that lie apart from the environment."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
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
    with _searched(FOLDER):
        from . import torchvision_stub

        torchvision_stub.declare()  # beside a CPU build of torch the next import needs it
        return importlib.import_module('segmentation_models_pytorch')


@contextlib.contextmanager
def _searched(folder: Path) -> Iterator[None]:
    """Look for packages in a folder too, and no longer: other processes would without the stub."""
    added = folder.is_dir() and str(folder) not in sys.path
    if added:
        sys.path.append(str(folder))
    try:
        yield
    finally:
        if added:
            sys.path.remove(str(folder))
