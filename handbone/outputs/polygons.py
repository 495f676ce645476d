"""Polygons in the hand-bone layout: JSON files for annotation tools, or to train on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from handbone.annotations import annotation_json
from handbone.errors import HandboneError
from handbone.masks import regions, trace_outlines
from handbone.outputs.prediction import Prediction

from .writer import ImageFileWriter

#: Readers of polygons expect at least this many points.
FEWEST_POINTS = 3


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
        return annotation_json(self._outlines(prediction), stem, filename, height, width)

    def _outlines(self, prediction: Prediction) -> Iterator[tuple[str, np.ndarray]]:
        """Trace the masks: the label and the points of each polygon."""
        for class_index, left, top, mask in regions(prediction.labels, len(self._classes)):
            for outline in trace_outlines(mask, self._tolerance):
                points = outline + np.array((left, top), np.int32)
                if len(points) < FEWEST_POINTS:
                    # a part of one pixel, or a line: its last point is repeated
                    points = np.pad(points, ((0, FEWEST_POINTS - len(points)), (0, 0)), 'edge')
                yield self._classes[class_index], points
