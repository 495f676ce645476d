"""The table of files that could not be predicted."""

from pathlib import Path

from handbone.appended_file import AppendedFile
from handbone.csv_files import csv_bytes

from .writer import AppendedFileWriter

NAME = 'failures.csv'
HEADER = csv_bytes([('file', 'error')])


class FailureTable(AppendedFileWriter):
    """Writes ``failures.csv``, the files that could not be predicted, if there are any.

    Args:
        out_dir: Folder of the outputs.
    """

    def __init__(self, out_dir: Path) -> None:
        super().__init__(AppendedFile(Path(out_dir) / NAME, HEADER))

    def add(self, path: str | Path, error: str) -> None:
        """Append one file.

        Args:
            path: The file.
            error: What is wrong with it and what to do.

        Raises:
            OSError: If the row cannot be written.
        """
        self._file.append(csv_bytes([(path, error)]))

    def finish(self) -> None:
        """Give the file its name, or remove that of an earlier run."""
        if self._file.position():
            self._file.finish()
        else:
            self._file.target.unlink(missing_ok=True)
