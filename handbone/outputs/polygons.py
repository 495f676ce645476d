"""Polygons in the hand-bone layout: JSON files for annotation tools, or to train on."""

from collections.abc import Sequence
from pathlib import Path

from handbone.annotations import annotation_json
from handbone.datasets.formats.traced_polygons import traced_polygons
from handbone.errors import HandboneError
from handbone.outputs.prediction import Prediction

from .writer import ImageFileWriter


class PolygonWriter(ImageFileWriter):
    """Writes ``outputs_json/NAME.json`` for every image, which datasets read as annotations.

    Each part of a mask is one polygon, with its holes joined to the outline by cuts. Drawn by
    :func:`handbone.masks.rasterize`, the polygons give exactly the predicted masks, unless they are
    simplified. Ignored pixels belong to no class.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: Not used.
        tolerance: Largest distance in pixels between simplified outlines and the traced ones; with
            0, outlines are not simplified.

    Raises:
        HandboneError: If the tolerance is below 0.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        tolerance: float = 0.0,
    ) -> None:
        if not tolerance >= 0:
            raise HandboneError(
                f'The tolerance of polygons must be at least 0 pixels, got {tolerance}.'
            )
        super().__init__(Path(out_dir) / 'outputs_json', '.json')
        self._classes = tuple(classes)
        self._tolerance = tolerance

    def encode(self, prediction: Prediction) -> bytes:
        """Make the polygons of one image; see the base class."""
        height, width = prediction.labels.shape[:2]
        stem, path = Path(prediction.name).name, prediction.radiograph.path
        filename = stem if path is None else path.name
        traced = traced_polygons(prediction.labels, len(self._classes), self._tolerance)
        outlines = ((self._classes[index], points) for index, points in traced)
        return annotation_json(outlines, stem, filename, height, width)
