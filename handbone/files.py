"""Files that appear whole or not at all."""

import contextlib
import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the file and rename, creating the folder.

    Args:
        path: The file.
        data: Its whole content.

    Raises:
        OSError: If the content cannot be written; the old file, if any, is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or error
        raise OSError(error.errno, f'{reason}, so it was not written', str(path)) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def check_room(folder: Path, size: int = 2**16) -> None:
    """Make sure that something can be written into a folder, creating it.

    Args:
        folder: The folder.
        size: Bytes to try.

    Raises:
        OSError: If not; it names the folder.
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
