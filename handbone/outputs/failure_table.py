"""The table of files that could not be predicted."""

import csv
import io
from pathlib import Path

from .appended_file import AppendedFile
from .appended_writer import AppendedFileWriter

NAME = 'failures.csv'
HEADER = b'file,error\n'


class FailureTable(AppendedFileWriter):
    """Writes ``failures.csv``, of files without labels; there is none without a bad file.

    Args:
        out_dir: Folder of the outputs.
    """

    def __init__(self, out_dir: Path) -> None:
        super().__init__(AppendedFile(Path(out_dir) / NAME, HEADER))

    def add(self, path: Path, error: str) -> None:
        """Append one file.

        Args:
            path: The file.
            error: What is wrong with it and what to do.

        Raises:
            OSError: If the row cannot be written.
        """
        row = io.StringIO()
        csv.writer(row, lineterminator='\n').writerow((path, error))
        self._file.append(row.getvalue().encode(errors='surrogateescape'))

    def finish(self) -> None:
        """Give the file its name, or take away that of an earlier run."""
        if self._file.position():
            self._file.finish()
        else:
            self._file.target.unlink(missing_ok=True)
