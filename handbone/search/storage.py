"""Where the trials of a study are kept: an SQLite file, or a journal for disks of a network."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.structure import one_line

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.storages import BaseStorage

#: Files of a study by the kind of its storage.
FILES = {'sqlite': 'study.db', 'journal': 'study.journal'}
#: By name: the class in ``optuna.pruners`` and its arguments.
PRUNERS: dict[str, tuple[str, dict[str, int]]] = {
    'median': ('MedianPruner', dict(n_startup_trials=5)),
    'halving': ('SuccessiveHalvingPruner', {}),
    'none': ('NopPruner', {}),
}
#: Seconds to wait for a process that is writing.
PATIENCE = 60


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of a storage into one line that names its file.

    Args:
        path: The file.

    Yields:
        Nothing.

    Raises:
        HandboneError: Instead of an error of Optuna, SQLAlchemy or SQLite.
    """
    optuna = import_extra('optuna', 'search')
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, sqlite3.Error) as error:
        reason = getattr(error.__cause__, 'orig', None) or getattr(error, 'orig', None) or error
        raise HandboneError(
            f'{path}: {one_line(reason)}. Finished trials are kept; when this is put right, the '
            'same command continues'
        ) from error
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def open_storage(path: Path) -> 'BaseStorage':
    """Open the storage of a study, which is created where there is none.

    No connection stays open, so that a process with an open storage can be forked.

    Args:
        path: A file that ends in ``.journal``, or an SQLite file.

    Returns:
        Optuna's storage.

    Raises:
        MissingExtraError: If Optuna is not installed.
        HandboneError: If the file is not the storage of a study.
    """
    optuna = import_extra('optuna', 'search')
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.journal':
        return _open_journal(path)
    from sqlalchemy.pool import NullPool

    with storage_errors(path):
        settings = dict(poolclass=NullPool, connect_args=dict(timeout=PATIENCE))
        storage: BaseStorage = optuna.storages.RDBStorage(
            f'sqlite:///{path.resolve()}', engine_kwargs=settings
        )
        return storage


def make_pruner(name: str) -> 'BasePruner':
    """Make a pruner of Optuna.

    Args:
        name: ``'median'``, ``'halving'`` or ``'none'``.

    Returns:
        The pruner.

    Raises:
        HandboneError: If there is no pruner of this name.
    """
    if name not in PRUNERS:
        raise HandboneError(f'there is no pruner {name}; there are {", ".join(PRUNERS)}')
    kind, arguments = PRUNERS[name]
    pruner: BasePruner = getattr(import_extra('optuna', 'search').pruners, kind)(**arguments)
    return pruner


def _open_journal(path: Path) -> 'BaseStorage':
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        _drop_unfinished_line(path)
    finally:
        lock.release()
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError) as error:
        raise HandboneError(
            f'{path} is not a journal of a study, or damaged ({one_line(error)})'
        ) from error


def _drop_unfinished_line(path: Path) -> None:
    """Remove what a killed process, or a full disk, has left of a line."""
    if not path.exists():
        return
    with path.open('r+b') as file:
        content = file.read()
        end = content.rfind(b'\n') + 1
        if end < len(content):
            file.truncate(end)
