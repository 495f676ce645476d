"""Polygons in the hand-bone layout: JSON files for annotation tools, or to train on."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import regions, trace_outlines
from handbone.outputs.prediction import Prediction

from .writer import ImageFileWriter

FEWEST_POINTS = 3


class PolygonWriter(ImageFileWriter):
    """Writes ``outputs_json/NAME.json`` for every image, which datasets read as annotations.

    A part of a mask is one polygon, its holes joined to the outline by cuts. Drawn by
    :func:`handbone.masks.rasterize`, the polygons give the predicted masks exactly, unless they are
    simplified. Ignored pixels belong to no class.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: Not used.
        tolerance: Pixels by which simplified outlines may leave the traced ones; 0 keeps them.

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
            raise HandboneError(f'The tolerance of polygons is at least 0 pixels, got {tolerance}.')
        super().__init__(Path(out_dir) / 'outputs_json', '.json')
        self._classes = tuple(classes)
        self._tolerance = tolerance

    def encode(self, prediction: Prediction) -> bytes:
        """Make the polygons of one image; see the base class."""
        height, width = prediction.labels.shape[:2]
        stem = Path(prediction.name).name
        annotations = []
        for class_index, left, top, mask in regions(prediction.labels, len(self._classes)):
            for outline in trace_outlines(mask, self._tolerance):
                points = outline + np.array((left, top), np.int32)
                if len(points) < FEWEST_POINTS:
                    # a part of one pixel, or a line: the last point again and again
                    points = np.pad(points, ((0, FEWEST_POINTS - len(points)), (0, 0)), 'edge')
                annotations.append(
                    {
                        'id': f'{stem}-{len(annotations)}',
                        'type': 'poly_seg',
                        'attributes': {},
                        'points': points.tolist(),
                        'label': self._classes[class_index],
                    }
                )
        path = prediction.radiograph.path
        document = {
            'annotations': annotations,
            'attributes': {},
            'file_id': stem,
            'filename': stem if path is None else path.name,
            'metadata': {'height': height, 'width': width},
        }
        return json.dumps(document).encode()
