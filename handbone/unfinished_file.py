"""A file of which only one process writes a new content at a time."""

import errno
import fcntl
import io
import os
from pathlib import Path
from typing import Any


def not_written(error: OSError, path: Path) -> OSError:
    """Say of a failed write which file does not come into being.

    Args:
        error: What the system said.
        path: The file to be.

    Returns:
        An error of the same number.
    """
    reason = error.strerror or error
    return OSError(error.errno, f'{reason}, so it was not written', str(path))


class UnfinishedFile(io.FileIO):
    """A file whose writes are whole, or an error that names the file to be.

    It is unbuffered: a buffer that could not be written would be tried again on closing.

    Args:
        path: Where the bytes go.
        target: The file to be, for errors.
        mode: 'wb' empties an older file, 'r+b' keeps its content.
    """

    def __init__(self, path: Path, target: Path, mode: str = 'wb') -> None:
        self._target = target
        try:
            super().__init__(path, mode, opener=_open_or_create)
        except OSError as error:
            raise not_written(error, target) from error

    def write(self, data: Any) -> int:
        """Write all of the bytes.

        Args:
            data: Bytes, or anything that gives them without a copy.

        Returns:
            Their number.

        Raises:
            OSError: If they are not all written.
        """
        rest = memoryview(data).cast('B')
        size = len(rest)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            raise not_written(error, self._target) from error
        return size

    def sync(self) -> None:
        """Bring to the disk what was written.

        Raises:
            OSError: If the disk does not take it.
        """
        try:
            os.fsync(self.fileno())
        except OSError as error:
            raise not_written(error, self._target) from error


def open_alone(path: Path, target: Path) -> tuple[UnfinishedFile, bool]:
    """Open a file, without emptying it, that only one process can have open at a time.

    The system releases the lock when the file is closed or its process ends, however it ends.

    Args:
        path: The file; it is created.
        target: The file to be, for errors.

    Returns:
        The file, and whether it is locked: some network disks have no locks.

    Raises:
        BlockingIOError: If another process has it.
        OSError: If it cannot be opened.
    """
    while True:
        file = UnfinishedFile(path, target, 'r+b')
        try:
            locked = _lock(file)
            # until the lock was ours, whoever held it may have renamed or removed the file
            if _has_name(file, path):
                return file, locked
        except BaseException:
            file.close()
            raise
        file.close()


def remove_leftover(path: Path, target: Path) -> None:
    """Remove an unfinished file of another user that nobody is writing any more.

    A process of somebody else that was killed leaves it where several write into one folder, and
    its mode lets others only read it.

    Args:
        path: The unfinished file.
        target: The file to be, for errors.

    Raises:
        BlockingIOError: If a process is writing it.
        PermissionError: If that is not known, or it cannot be removed; it says what to do.
    """
    try:
        with path.open('rb') as file:
            if not _lock(file):
                raise PermissionError
            if _has_name(file, path):
                path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except BlockingIOError as error:
        raise not_written(error, target) from error
    except OSError as error:
        reason = f'{path.name} beside it is of another user and may be left over from a killed run'
        raise PermissionError(
            errno.EACCES, f'{reason}: remove it. The file was not written', str(target)
        ) from error


def _open_or_create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _has_name(file: io.IOBase, path: Path) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _lock(file: io.IOBase) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, 'Another process is writing it') from error
    except OSError:
        return False  # a network disk without locks
    return True
