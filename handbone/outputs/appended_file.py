"""One file for all images, which grows image by image and appears when it is whole."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from handbone.errors import HandboneError


class AppendedFile:
    """A file that is written in pieces under another name and renamed at the end.

    The unfinished file lies beside the target, named ``.NAME.unfinished``, so that an interrupted
    run finds it again. It is made by the first piece, or by :meth:`finish` where there was none.

    Args:
        target: The file to be; one that is there already stays until :meth:`finish`.
        header: Bytes at the beginning of the file.
    """

    def __init__(self, target: Path, header: bytes = b'') -> None:
        self.target = target
        self.unfinished = target.with_name(f'.{target.name}.unfinished')
        self._header = header
        # Unbuffered: a buffer that could not be written would be tried again on closing.
        self._file: BinaryIO | None = None
        self._end = 0

    def append(self, data: bytes) -> None:
        """Append a piece.

        Args:
            data: The piece.

        Raises:
            OSError: If it cannot be written whole; the file then ends where it ended before.
        """
        try:
            file = self._opened()
            self._append(file, data)
        except OSError as error:
            raise self._named(error) from error

    def position(self) -> int:
        """Bring all pieces to the disk.

        Returns:
            Bytes of the unfinished file.

        Raises:
            OSError: If the disk does not take them.
        """
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._named(error) from error
        return self._end

    def go_on(self, position: int) -> None:
        """Take up the unfinished file of an interrupted run and drop what came after a position.

        Args:
            position: What :meth:`position` returned; 0 begins anew.

        Raises:
            HandboneError: If the unfinished file is missing or shorter.
            OSError: If it cannot be opened.
        """
        self.close()
        if position == 0:
            return
        size = self.unfinished.stat().st_size if self.unfinished.is_file() else None
        if size is None or size < position:
            fault = 'is missing' if size is None else f'has {size} bytes'
            raise HandboneError(
                f'{self.unfinished} {fault}, but {position} bytes of {self.target.name} were '
                'written before the interruption. Begin anew without the files of that run.'
            )
        try:
            self._file = self.unfinished.open('r+b', buffering=0)
            self._file.truncate(position)
            self._file.seek(position)
        except OSError as error:
            raise self._named(error) from error
        self._end = position

    def finish(self, footer: bytes = b'') -> None:
        """Append the end of the file, bring it to the disk and rename it.

        Args:
            footer: Bytes at the end of the file.

        Raises:
            OSError: If that fails; the target is untouched and the unfinished file without footer.
        """
        self.append(footer)
        self.position()
        try:
            self.unfinished.replace(self.target)
        except OSError as error:
            raise self._named(error) from error
        self.close()

    def lines(self) -> Iterator[bytes]:
        """Read the unfinished file.

        Yields:
            Its lines; none if nothing was appended.

        Raises:
            OSError: If it cannot be read.
        """
        if self._file is not None:
            with self.unfinished.open('rb') as file:
                yield from file

    def discard(self) -> None:
        """Remove the unfinished file."""
        self.close()
        self.unfinished.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; what was written stays for :meth:`go_on`."""
        if self._file is not None:
            self._file.close()
        self._file, self._end = None, 0

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            if self.target.is_dir():
                raise IsADirectoryError(0, 'It is a folder', str(self.target))
            self._file = self.unfinished.open('wb', buffering=0)
            self._append(self._file, self._header)
        return self._file

    def _append(self, file: BinaryIO, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[file.write(view) :]
        except OSError:
            file.truncate(self._end)
            file.seek(self._end)
            raise
        self._end += len(data)

    def _named(self, error: OSError) -> OSError:
        reason = error.strerror or error
        return OSError(error.errno, f'{reason}, so it was not written', str(self.target))
