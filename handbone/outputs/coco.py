"""COCO JSON: all images and their masks in one file."""

from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.coco_document import CocoDocument
from handbone.outputs.prediction import Prediction

from .writer import AppendedFileWriter


class CocoWriter(AppendedFileWriter):
    """Writes ``coco.json``: one annotation for each class that an image has, as compressed RLE.

    :mod:`handbone.datasets.formats.coco_document` says how it grows image by image.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: RGB colours, one per class; COCO's field ``color`` of a category.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        target = Path(out_dir) / 'coco.json'
        self._document = CocoDocument(target, classes, palette, 'Predictions of handbone')
        super().__init__(self._document.file)

    def encode(self, prediction: Prediction) -> bytes:
        """Make the line of one image; see the base class."""
        return self._document.line(prediction.image_name or prediction.name, prediction.labels)

    def resume(self, position: int) -> None:
        """Continue an interrupted run, if all of its lines are whole; see the base class."""
        super().resume(position)
        self._document.check()

    def finish(self) -> None:
        """Put images and annotations in order; see the base class."""
        self._document.finish()
