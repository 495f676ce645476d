"""Files that appear whole or not at all.

A file is written beside its place, as ``.NAME.part``, brought to the disk and renamed, so that
whoever reads it finds the old content or the new one. What a killed process leaves behind is
overwritten by the next attempt. Nothing else in the package renames files.
"""

import contextlib
import errno
import fcntl
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Ends the name of a file that is still being written.
UNFINISHED = '.part'


def write_atomically(path: str | Path, data: bytes, owner_only: bool = False) -> None:
    """Write a file that takes the place of an older one in a single step.

    Args:
        path: The file; its folder is made.
        data: Its whole content.
        owner_only: Nobody else may read it, not even while it is written.

    Raises:
        OSError: If the content cannot be written. It names the file, whose old content stays.
    """
    with open_atomically(path, owner_only) as file:
        file.write(data)


@contextlib.contextmanager
def open_atomically(path: str | Path, owner_only: bool = False) -> Iterator['UnfinishedFile']:
    """Open a file to be written piece by piece, which appears when the block ends.

    Args:
        path: The file; its folder is made. A link is followed. What is not a file, such as
            ``/dev/stdout``, is written directly.
        owner_only: Nobody else may read it, not even while it is written.

    Yields:
        The binary file to write to. It is unbuffered.

    Raises:
        OSError: If the content cannot be written. It names the file, whose old content stays.

    Example:
        >>> with open_atomically('scores.csv') as file:
        ...     file.write(b'image,dice')
    """
    path = Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        with UnfinishedFile(path, path) as file:
            yield file
        return
    if owner_only:
        _create_for_owner(unfinished_path(path), path)
    file = _begin(path)
    try:
        with file:
            yield file
            _finish(file, path)
    except BaseException:
        unfinished_path(path).unlink(missing_ok=True)
        raise


def put_in_place(unfinished: Path, path: Path) -> None:
    """Bring a file that another program wrote to the disk, then give it its name.

    Args:
        unfinished: The written file, on the same disk.
        path: The name that it takes, in place of an older file.

    Raises:
        OSError: If that fails. It names the file, whose old content stays.
    """
    with unfinished.open('rb') as written:
        try:
            os.fsync(written.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise not_written(error, path) from error
    _flush_folder(path.parent)


def unfinished_path(path: Path) -> Path:
    """Name the file in which the content of another one is gathered.

    Args:
        path: The file to be.

    Returns:
        A hidden file beside it, or beside what it links to.
    """
    target = Path(os.path.realpath(path))
    return target.with_name(f'.{target.name}{UNFINISHED}')


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


def check_room(folder: Path, size: int = 2**16) -> None:
    """Make sure that something can be written into a folder, creating it.

    Args:
        folder: The folder.
        size: Bytes to try.

    Raises:
        OSError: If not. It names the folder.
    """
    probe = folder / f'.room.{os.getpid()}'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(size))
    except OSError as error:
        reason = error.strerror or error
        raise OSError(error.errno, f'{reason}, so nothing can be written', str(folder)) from error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)


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


def _begin(path: Path) -> UnfinishedFile:
    """Open the unfinished file of a target, alone."""
    beside = unfinished_path(path)
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, 'It is a folder')
        file, _ = open_alone(beside, path)
    except OSError as error:
        if error.filename == str(path):
            raise
        raise not_written(error, path) from error
    file.truncate(0)
    return file


def _create_for_owner(unfinished: Path, path: Path) -> None:
    """Create the unfinished file anew, so that nobody can have opened it before."""
    try:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise not_written(error, path) from error


def _open_or_create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _has_name(file: UnfinishedFile, path: Path) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _lock(file: UnfinishedFile) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, 'Another process is writing it') from error
    except OSError:
        return False  # a network disk without locks
    return True


def _finish(file: UnfinishedFile, path: Path) -> None:
    """Bring a file to the disk and give it its name."""
    file.sync()
    target = Path(os.path.realpath(path))
    try:
        unfinished_path(path).replace(target)
    except OSError as error:
        raise not_written(error, path) from error
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Put a new name on the disk as well, where the system can flush folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
