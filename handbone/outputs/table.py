"""A table of measurements: one row for each image and class."""

from collections.abc import Sequence
from pathlib import Path

from handbone.appended_file import AppendedFile
from handbone.csv_files import csv_bytes
from handbone.masks import regions
from handbone.outputs.prediction import Prediction

from .measurements import Measurements, measure
from .writer import AppendedFileWriter

COLUMNS = (
    'image_name',
    'class',
    'area_px',
    'area_mm2',
    'length_px',
    'width_px',
    'length_mm',
    'width_mm',
    'box_left',
    'box_top',
    'box_width',
    'box_height',
    'box_width_mm',
    'box_height_mm',
    'centroid_x',
    'centroid_y',
    'centroid_x_mm',
    'centroid_y_mm',
    'parts',
)


class TableWriter(AppendedFileWriter):
    """Writes ``table.csv``: what each class measures in each image.

    Positions are measured from the centre of the first pixel. Length and width are the sides of the
    smallest rectangle, at any angle, around all parts of a mask, pixels counted whole; in mm the
    rectangle is fitted to the shape in mm, so that pixels need not be square. Cells in mm are empty
    where the spacing of pixels is not known. A class that is absent has area 0, 0 parts and empty
    cells. Ignored pixels belong to no class.

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
        super().__init__(AppendedFile(Path(out_dir) / 'table.csv', csv_bytes([COLUMNS])))
        self._classes = tuple(classes)

    def encode(self, prediction: Prediction) -> bytes:
        """Make the rows of one image; see the base class."""
        spacing = prediction.radiograph.spacing
        found = {
            region.class_index: _cells(measure(region.mask, region.left, region.top, spacing))
            for region in regions(prediction.labels, len(self._classes))
        }
        absent = _absent(spacing is not None)
        image_name = prediction.image_name or prediction.name
        rows = [
            (image_name, name, *found.get(index, absent))
            for index, name in enumerate(self._classes)
        ]
        return csv_bytes(rows)


def _cells(measured: Measurements) -> tuple[object, ...]:
    """Write measurements in the order of the columns, lengths to a thousandth."""
    cells = (
        measured.area,
        measured.area_mm2,
        *measured.size,
        *(measured.size_mm or (None, None)),
        *measured.box,
        *(measured.box_mm or (None, None)),
        *measured.centroid,
        *(measured.centroid_mm or (None, None)),
        measured.parts,
    )
    return tuple(f'{cell:.3f}' if isinstance(cell, float) else cell for cell in cells)


def _absent(in_mm: bool) -> tuple[object, ...]:
    cells = dict.fromkeys(COLUMNS[2:]) | {'area_px': 0, 'parts': 0}
    return tuple((cells | {'area_mm2': '0.000'} if in_mm else cells).values())
