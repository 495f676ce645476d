"""Files that appear whole or not at all.

A file is written beside its place, as ``.NAME.part``, brought to the disk and renamed, so that
whoever reads it finds the old content or the new one. What a killed process leaves behind is
overwritten or, if it is another user's, removed by the next attempt. Nothing else in the package
renames files.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from .unfinished_file import UnfinishedFile, not_written, open_alone, remove_leftover

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
def open_atomically(path: str | Path, owner_only: bool = False) -> Iterator[UnfinishedFile]:
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


def _begin(path: Path) -> UnfinishedFile:
    """Open the unfinished file of a target, alone."""
    beside = unfinished_path(path)
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, 'It is a folder')
        try:
            file, _ = open_alone(beside, path)
        except PermissionError:
            if not beside.exists():
                raise
            remove_leftover(beside, path)
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
