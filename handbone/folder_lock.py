"""One run at a time in a folder that is written over hours.

The lock is the system's own (flock) on the file ``.lock``, so it ends with its process, however
that ends. The file says who holds it, for whoever is refused.
"""

import contextlib
import json
import os
import shlex
import socket
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from handbone.errors import HandboneError, shown
from handbone.passwords import without_passwords
from handbone.structure import Fields, check_structure, one_line, parse_json
from handbone.unfinished_file import UnfinishedFile, not_written, open_alone

NAME = '.lock'
#: The bits of a file's mode that say who may read and write it.
READ_AND_WRITE = 0o666
#: Seconds between two attempts to get a lock.
INTERVAL = 0.02
#: Structure of the file.
HOLDER = Fields(dict(host=str, pid=int, since=str, command=str))

_held: set[UnfinishedFile] = set()


class FolderInUseError(HandboneError):
    """Another run is writing into the folder.

    Args:
        message: The message.
        holder: Who holds the folder, in brackets; nothing if that is not known.
    """

    def __init__(self, message: str, holder: str = '') -> None:
        super().__init__(message)
        self.holder = holder


@contextlib.contextmanager
def locked_folder(folder: str | Path, wait: float = 0.0) -> Iterator[None]:
    """Keep other runs out of a folder while the block runs.

    Child processes do not keep the lock, whether they were forked or started. On disks without
    locks there is a warning instead.

    Args:
        folder: The folder; it is made.
        wait: Seconds to wait for another run to release it.

    Yields:
        Nothing.

    Raises:
        FolderInUseError: If another run holds it for longer; the message says which.
        OSError: If nothing can be written into the folder.

    Example:
        >>> with locked_folder('work_dirs/demo'):
        ...     Path('work_dirs/demo/scores.csv').touch()
    """
    path = Path(folder) / NAME
    file = _lock_in(path, wait)
    _held.add(file)
    try:
        yield
    finally:
        _held.discard(file)
        with contextlib.suppress(OSError):  # the disk may be gone; the lock ends all the same
            path.unlink(missing_ok=True)
        file.close()


@contextlib.contextmanager
def locked_file(path: Path, wait: float) -> Iterator[None]:
    """Keep other processes from replacing a file while the block reads and replaces it.

    The lock is in a hidden folder beside the file, which stays, and which all may write into who
    may write beside the file.

    Args:
        path: The file.
        wait: As for :func:`locked_folder`.

    Yields:
        Nothing.

    Raises:
        FolderInUseError: If another process holds it for longer.
        OSError: If nothing can be written beside the file.
    """
    folder = path.with_name(f'.{path.name}.lock')
    if not folder.exists():
        with contextlib.suppress(OSError):  # the lock itself says what is wrong
            folder.mkdir(parents=True)
            folder.chmod(stat.S_IMODE(folder.parent.stat().st_mode))
    with locked_folder(folder, wait):
        yield


def _lock_in(path: Path, seconds: float) -> UnfinishedFile:
    end = time.monotonic() + seconds
    while True:
        try:
            return _lock(path)
        except FolderInUseError:
            if time.monotonic() >= end:
                raise
            time.sleep(INTERVAL)


def _lock(path: Path) -> UnfinishedFile:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file, locked = open_alone(path, path)
    except BlockingIOError as error:
        holder = _holder(path)
        raise FolderInUseError(
            f'{path.parent}: another run is writing into it{holder}. Wait until it has '
            'ended or stop it, or give another folder',
            holder,
        ) from error
    except OSError as error:
        if error.filename == str(path):
            raise
        raise not_written(error, path) from error
    if not locked:
        warnings.warn(
            f'{path.parent} is on a disk that has no locks: see to it that no other run writes '
            'into this folder',
            stacklevel=5,
        )
    with contextlib.suppress(OSError):  # it is another user's, who has done so
        # what a killed process leaves may be opened by whoever may write into the folder
        os.fchmod(file.fileno(), stat.S_IMODE(path.parent.stat().st_mode) & READ_AND_WRITE)
    with contextlib.suppress(OSError):  # the lock holds on a full disk too
        file.truncate(0)
        file.write(json.dumps(_this_process()).encode())
    return file


def _this_process() -> dict[str, str | int]:
    return {
        'host': socket.gethostname(),
        'pid': os.getpid(),
        'since': datetime.now().astimezone().isoformat(' ', 'seconds'),
        'command': without_passwords(shlex.join(sys.argv)),
    }


def _holder(path: Path) -> str:
    """Say who holds a lock, or nothing if the file does not tell."""
    try:
        holder = parse_json(path.read_bytes(), str(path))
        check_structure(holder, HOLDER, str(path))
    except (OSError, HandboneError):
        return ''
    host, since, command = (one_line(holder[key]) for key in ('host', 'since', 'command'))
    return f' (process {shown(holder["pid"])} on {host}, since {since}: {command})'


def _release_in_child() -> None:
    """Close the locks that a forked process, such as a data loader's worker, got a copy of."""
    for file in _held:
        file.close()
    _held.clear()


os.register_at_fork(after_in_child=_release_in_child)
