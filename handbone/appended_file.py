"""One file for all images, which grows image by image and appears when it is complete."""

from collections.abc import Iterator
from pathlib import Path

from handbone.errors import HandboneError
from handbone.files import put_in_place
from handbone.unfinished_file import UnfinishedFile, not_written


class AppendedFile:
    """A file that is written in pieces under a different name and renamed at the end.

    The unfinished file lies beside the target, named ``.NAME.unfinished``, so that an interrupted
    run finds it again. It is created by the first piece, or by :meth:`finish` if there was none.

    Args:
        target: The file to be; one that is there already stays until :meth:`finish`.
        header: Bytes at the beginning of the file.
    """

    def __init__(self, target: Path, header: bytes = b'') -> None:
        self.target = target
        self.unfinished = target.with_name(f'.{target.name}.unfinished')
        self._header = header
        self._file: UnfinishedFile | None = None
        self._end = 0

    def append(self, data: bytes) -> None:
        """Append a piece.

        Args:
            data: The piece.

        Raises:
            OSError: If it cannot be written whole; the file then ends where it ended before.
        """
        self._append(self._opened(), data)

    def position(self) -> int:
        """Bring all pieces to the disk.

        Returns:
            Bytes of the unfinished file.

        Raises:
            OSError: If the disk does not take them.
        """
        if self._file is not None:
            self._file.sync()
        return self._end

    def resume(self, position: int) -> None:
        """Continue the unfinished file of an interrupted run and drop what came after a position.

        Args:
            position: What :meth:`position` returned; 0 starts over.

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
                'written before the interruption. Start over without the files of that run.'
            )
        self._file = UnfinishedFile(self.unfinished, self.target, 'r+b')
        try:
            self._file.truncate(position)
        except OSError as error:
            raise not_written(error, self.target) from error
        self._file.seek(position)
        self._end = position

    def finish(self, footer: bytes = b'') -> None:
        """Append the end of the file, bring it to the disk and rename it.

        Args:
            footer: Bytes at the end of the file.

        Raises:
            OSError: If that fails; the target is untouched and the unfinished file without footer.
        """
        self.append(footer)
        put_in_place(self.unfinished, self.target)
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
        """Close the file; what was written stays for :meth:`resume`."""
        if self._file is not None:
            self._file.close()
        self._file, self._end = None, 0

    def _opened(self) -> UnfinishedFile:
        if self._file is None:
            try:
                self.target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise not_written(error, self.target) from error
            if self.target.is_dir():
                raise IsADirectoryError(0, 'It is a folder', str(self.target))
            self._file = UnfinishedFile(self.unfinished, self.target)
            self._append(self._file, self._header)
        return self._file

    def _append(self, file: UnfinishedFile, data: bytes) -> None:
        try:
            file.write(data)
        except OSError:
            file.truncate(self._end)
            file.seek(self._end)
            raise
        self._end += len(data)
