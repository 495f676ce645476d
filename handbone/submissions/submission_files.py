"""Files behind the submission: the rows of each process, and the file that they end up in."""

import os
import tempfile
import uuid
from pathlib import Path
from typing import BinaryIO

import torch
from mmengine.dist import broadcast, get_rank


class ImageRows:
    """The rows of one process, in a file without a name.

    Args:
        folder: Where the file takes its space.
    """

    def __init__(self, folder: Path) -> None:
        # Unbuffered: a buffer that could not be written would be tried again on closing.
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._places: dict[int, tuple[int, int]] = {}
        self._end = 0

    def __contains__(self, index: int) -> bool:
        return index in self._places

    def add(self, index: int, rows: bytes) -> None:
        """Append the rows of an image."""
        _write_all(self._file, rows)
        self._places[index] = (self._end, len(rows))
        self._end += len(rows)

    def sizes(self) -> dict[int, int]:
        """Bytes of each image's rows, by index of the image."""
        return {index: size for index, (_, size) in self._places.items()}

    def fetch(self, index: int, owner: int, size: int) -> bytes:
        """Get the rows of an image from the process that has them. All processes call it."""
        rows = bytearray(size)
        if get_rank() == owner:
            self._file.seek(self._places[index][0])
            self._file.readinto(rows)
        if owner != 0:
            broadcast(torch.frombuffer(rows, dtype=torch.uint8), src=owner)
        return bytes(rows)

    def close(self) -> None:
        """Free the space."""
        self._file.close()


class FileReplacement:
    """A file that takes the place of another one when all of it is on the disk.

    The first error in writing is kept in ``error`` and nothing is written from then on, so that
    the process goes on to serve the other ones.

    Args:
        target: The file to replace.
        enabled: False writes nothing.
    """

    def __init__(self, target: Path, enabled: bool) -> None:
        self._target = target
        self._unfinished = target.with_name(f'.{target.name}.{uuid.uuid4().hex[:8]}.tmp')
        self._file: BinaryIO | None = None
        self._enabled = enabled
        self.error: OSError | None = None

    def __enter__(self) -> 'FileReplacement':
        if self._enabled:
            try:
                self._file = self._unfinished.open('xb', buffering=0)
            except OSError as error:
                self.error = error
        return self

    def write(self, data: bytes) -> None:
        """Append bytes, unless an error came before."""
        if self._file is None or self.error is not None:
            return
        try:
            _write_all(self._file, data)
        except OSError as error:
            self.error = error

    def __exit__(self, exception_type: type | None, *rest: object) -> None:
        if self._file is None:
            return
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            if exception_type is None and self.error is None:
                self._unfinished.replace(self._target)
        except OSError as error:
            self.error = self.error or error
        finally:
            self._file.close()
            self._unfinished.unlink(missing_ok=True)


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
