"""What writers of one file for all images share."""

from .appended_file import AppendedFile
from .writer import OutputWriter


class AppendedFileWriter(OutputWriter):
    """Writes into one file that grows image by image.

    Args:
        file: The file.
    """

    def __init__(self, file: AppendedFile) -> None:
        self._file = file

    def position(self) -> int:
        """Bring what was written to the disk; see the base class."""
        return self._file.position()

    def go_on(self, position: int) -> None:
        """Continue an interrupted run; see the base class."""
        self._file.go_on(position)

    def finish(self) -> None:
        """Bring the file into its place; see the base class."""
        self._file.finish()

    def close(self) -> None:
        """Let go of the unfinished file; see the base class."""
        self._file.close()
