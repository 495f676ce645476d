"""Writers of predictions in the formats that others read."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .appended_file import AppendedFile
from .coco import CocoWriter
from .dicom_seg import DicomSegWriter
from .label_png import LabelPngWriter, read_label_png
from .overlays import OverlayWriter
from .polygons import PolygonWriter
from .prediction import Prediction
from .rle_csv import RLECSVWriter
from .table import TableWriter
from .writer import OutputWriter

#: Makers of the writers by the name of their format, from folder, classes and palette.
WRITERS: dict[str, Callable[[Path, Sequence[str], Sequence[tuple[int, int, int]]], OutputWriter]]
WRITERS = {
    'csv': RLECSVWriter,
    'overlays': OverlayWriter,
    'polygons': PolygonWriter,
    'coco': CocoWriter,
    'label-png': LabelPngWriter,
    'dicom-seg': DicomSegWriter,
    'table': TableWriter,
}

__all__ = [
    'WRITERS',
    'AppendedFile',
    'OutputWriter',
    'OverlayWriter',
    'Prediction',
    'RLECSVWriter',
    'read_label_png',
]
