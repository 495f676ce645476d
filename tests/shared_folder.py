"""Folders that are made once per run of pytest, whichever worker needs them first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """Return the folder of a name; make it where no other worker has.

    Args:
        factory: The fixture ``tmp_path_factory``.
        name: Name of the folder.
        make: Fills the empty folder that it is given.

    Returns:
        The folder, complete. Only to be read: the other workers read it too.
    """
    base = factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        base = base.parent
    folder, complete = base / name, base / f'{name}.complete'
    with FileLock(f'{folder}.lock'):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            complete.touch()
    return folder
