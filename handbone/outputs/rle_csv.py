"""The competition's file: one row of runs an image and class."""

from collections.abc import Sequence
from pathlib import Path

from handbone.inference.prediction import Prediction
from handbone.masks.rle_rows import HEADER, rle_rows

from .appended_file import AppendedFile
from .writer import OutputWriter

NAME = 'predictions.csv'


class RLECSVWriter(OutputWriter):
    """Writes ``predictions.csv`` with the columns ``image_name``, ``class`` and ``rle``.

    The bytes are those of ``tools/test.py --format-only``.

    Args:
        out_dir: Folder of the outputs.
        classes: Class names in bit order.
        palette: Not used; all writers take it.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] | None = None,
    ) -> None:
        self._classes = tuple(classes)
        self._file = AppendedFile(Path(out_dir) / NAME, HEADER)

    def write(self, prediction: Prediction) -> None:
        """Append the rows of one image; see :class:`OutputWriter`."""
        name = prediction.image_name or prediction.name
        self._file.append(rle_rows(name, self._classes, prediction.labels))

    def position(self) -> int:
        """Bring the rows to the disk; see :class:`OutputWriter`."""
        return self._file.position()

    def go_on(self, position: int) -> None:
        """Drop the rows after a position; see :class:`OutputWriter`."""
        self._file.go_on(position)

    def finish(self) -> None:
        """Give the file its name."""
        self._file.finish()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
