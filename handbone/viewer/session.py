"""Everything that one run of the viewer knows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .catalogue import Catalogue
from .findings import Findings
from .marks import Marks
from .model_layer import ModelLayer
from .predicting import Predicting
from .scores import ScoreBoard


class Session:
    """What there is to show, to sort by and to filter by.

    Args:
        catalogue: The images and their layers.
        title: What the page calls it.
        marks_file: CSV of the marks.
        export_folder: Where marked images are exported to.
        columns: Values of each image by the name of the column of the table of patients.
        findings: What the doctor has found.

    Raises:
        HandboneError: The file of the marks is something else.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        title: str,
        marks_file: Path,
        export_folder: Path,
        columns: Mapping[str, Sequence[str]] | None = None,
        findings: Findings | None = None,
    ) -> None:
        self.catalogue, self.title = catalogue, title
        gallery = catalogue.gallery
        self.marks = Marks(marks_file, gallery.names, gallery.other_names())
        self.export_folder = export_folder
        self.columns = dict(columns or {})
        self.findings = findings
        self.board = ScoreBoard(catalogue)
        models = [each for each in catalogue.layers if isinstance(each, ModelLayer)]
        self.predicting = Predicting(gallery, models, self.board.renew)

    def start(self) -> None:
        """Begin to predict and to score in the background."""
        self.predicting.start()
        self.board.start()

    def close(self) -> None:
        """End what runs in the background, and close all files."""
        self.predicting.stop()
        self.board.stop()
        self.catalogue.close()
