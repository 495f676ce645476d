"""The formats that predictions are written in."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .writer import OutputWriter

    MakeWriter = Callable[[Path, Sequence[str], Sequence[tuple[int, int, int]]], OutputWriter]


class _Writers(Mapping[str, 'MakeWriter']):
    """The class of each format, imported when it is asked for: the names alone need nothing."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> 'MakeWriter':
        return resolve_name(f'handbone.outputs.{self._places[name]}')

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


#: Makers of the writers by the name of their format, from folder, classes and palette.
WRITERS = _Writers(
    {
        'csv': 'rle_csv:RLECSVWriter',
        'overlays': 'overlays:OverlayWriter',
        'polygons': 'polygons:PolygonWriter',
        'coco': 'coco:CocoWriter',
        'label-png': 'label_png:LabelPngWriter',
        'dicom-seg': 'dicom_seg:DicomSegWriter',
        'table': 'table:TableWriter',
        'flags': 'flag_table:FlagTableWriter',
        'trust': 'trust_table:TrustTableWriter',
    }
)
