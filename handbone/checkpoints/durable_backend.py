"""Checkpoints that get their name only when they are completely on disk."""

import shutil
from pathlib import Path
from typing import BinaryIO

from mmengine.fileio import LocalBackend, register_backend

from handbone.files import open_atomically


class CheckpointWriteError(OSError):
    """A checkpoint could not be written; earlier ones are unchanged."""


@register_backend('durable')
class DurableBackend(LocalBackend):
    """mmengine's local files, written as :func:`handbone.files.open_atomically` writes them.

    However a process ends, the file is either the complete old one or the complete new one. An
    unfinished file is overwritten by the next attempt.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file and replace an older one in a single step.

        Args:
            obj: Content.
            filepath: Where to write it; missing folders are made.

        Raises:
            CheckpointWriteError: If it cannot be written, as on a full disk; the old file is kept.
        """
        target = Path(filepath)
        try:
            with open_atomically(target) as file:
                self._write(file, obj)
        except OSError as error:
            raise CheckpointWriteError(_message(target, len(obj), error)) from error

    def _write(self, file: BinaryIO, content: bytes) -> None:
        file.write(content)


def _message(target: Path, size: int, error: OSError) -> str:
    existing = next(folder for folder in target.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(existing).free
    reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return (
        f'{target}: the checkpoint cannot be written ({reason.strerror}; it takes '
        f'{size / 1e6:.3g} MB, {free / 1e6:.3g} MB are free). Earlier checkpoints are intact: free '
        'space or set default_hooks.checkpoint.out_dir, then continue with --resume'
    )
