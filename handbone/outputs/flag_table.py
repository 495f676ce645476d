"""A table of what a reader should look at: one row for each flag of an image."""

from collections.abc import Sequence
from pathlib import Path

from handbone.appended_file import AppendedFile
from handbone.csv_files import csv_bytes, read_table
from handbone.outputs.prediction import Prediction

from .writer import AppendedFileWriter

NAME = 'flags.csv'
HEADER = ('image_name', 'flag')


class FlagTableWriter(AppendedFileWriter):
    """Writes ``flags.csv``: what is odd about the labels of an image, as ``Prediction.flags``.

    An image of which nothing is odd has no row. Only the 29 bones of the hand are checked.

    Args:
        out_dir: Folder of the outputs.
        classes: Not used.
        palette: Not used.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str] = (),
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(AppendedFile(Path(out_dir) / NAME, csv_bytes([HEADER])))

    def encode(self, prediction: Prediction) -> bytes:
        """Make the rows of one image; see the base class."""
        image_name = prediction.image_name or prediction.name
        return csv_bytes([(image_name, flag) for flag in prediction.flags])


def read_flags(path: Path) -> dict[str, list[str]]:
    """Read the flags of images.

    Args:
        path: A file of :class:`FlagTableWriter`.

    Returns:
        The sentences by the name of the image, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not such a table.
    """
    flags: dict[str, list[str]] = {}
    for _, (name, flag) in read_table(path, names=HEADER[:1])[1]:
        flags.setdefault(name, []).append(flag)
    return flags
