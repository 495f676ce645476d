"""Files that take their name only when all of them is on the disk."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from mmengine.fileio import LocalBackend, register_backend

#: Ends the name of a file that is still being written.
UNFINISHED = '.part'


class CheckpointWriteError(OSError):
    """A checkpoint could not be written; those before it are as they were."""


@register_backend('durable')
class DurableBackend(LocalBackend):
    """mmengine's local files, written beside their place, flushed to the disk and then renamed.

    Whoever is killed, and whenever, leaves either the old file or the new one under the name; what
    was unfinished has the suffix ``.part`` and is overwritten by the next attempt.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file, replacing the one of that name in a single step.

        Args:
            obj: Content.
            filepath: Where to write it; missing folders are made.

        Raises:
            CheckpointWriteError: If it cannot be written, as on a full disk. The old file stays.
        """
        target = Path(filepath)
        unfinished = target.with_name(f'{target.name}{UNFINISHED}')
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open('wb', buffering=0) as file:
                self._write(file, obj)
                os.fsync(file.fileno())
            unfinished.replace(target)
            _flush_folder(target.parent)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise CheckpointWriteError(_message(target, len(obj), error)) from error

    def _write(self, file: BinaryIO, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]


def _flush_folder(folder: Path) -> None:
    """Put the new name on the disk as well, where the system can flush folders."""
    if os.name != 'posix':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _message(target: Path, size: int, error: OSError) -> str:
    existing = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(existing).free
    return (
        f'{target}: the checkpoint cannot be written ({error.strerror}; it takes '
        f'{size / 1e6:.3g} MB, {free / 1e6:.3g} MB are free). Earlier checkpoints are intact: make '
        'room or set default_hooks.checkpoint.out_dir, then go on with --resume'
    )
