"""Label PNGs of predictions."""

from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.label_png import encode_label_png, read_label_png
from handbone.outputs.prediction import Prediction

from .writer import ImageFileWriter

__all__ = ['LabelPngWriter', 'read_label_png']


class LabelPngWriter(ImageFileWriter):
    """Writes ``label_png/NAME.png`` for every image: the packed map, with overlaps.

    :mod:`handbone.datasets.formats.label_png` says what is where, and :func:`read_label_png` reads
    all of it.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: Not used.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(Path(out_dir) / 'label_png', '.png')
        self._classes = tuple(classes)

    def encode(self, prediction: Prediction) -> bytes:
        """Make the picture of one image; see the base class."""
        return encode_label_png(prediction.labels, self._classes)
