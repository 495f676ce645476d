"""The competition's file: one row of runs per image and class."""

from collections.abc import Sequence
from pathlib import Path

from handbone.appended_file import AppendedFile
from handbone.masks.rle import Order
from handbone.outputs.prediction import Prediction
from handbone.submissions.rle_rows import HEADER, rle_rows

from .writer import AppendedFileWriter

NAME = 'predictions.csv'


class RLECSVWriter(AppendedFileWriter):
    """Writes ``predictions.csv`` with the columns ``image_name``, ``class`` and ``rle``.

    The bytes are those of ``handbone test --format-only``.

    Args:
        out_dir: Folder of the outputs.
        classes: Class names in bit order.
        palette: Not used; all writers take it.
        order: 'C' for runs along rows, 'F' along columns.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] | None = None,
        order: Order = 'C',
    ) -> None:
        super().__init__(AppendedFile(Path(out_dir) / NAME, HEADER))
        self._classes = tuple(classes)
        self._order = order

    def encode(self, prediction: Prediction) -> bytes:
        """Make the rows of one image; see the base class."""
        name = prediction.image_name or prediction.name
        return rle_rows(name, self._classes, prediction.labels, self._order)
