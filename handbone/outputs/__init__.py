"""Writers of predictions in the formats that others read."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .appended_file import AppendedFile
from .overlays import OverlayWriter
from .rle_csv import RLECSVWriter
from .writer import OutputWriter

#: Makers of the writers by the name of their format, from folder, classes and palette.
WRITERS: dict[str, Callable[[Path, Sequence[str], Sequence[tuple[int, int, int]]], OutputWriter]]
WRITERS = {'csv': RLECSVWriter, 'overlays': OverlayWriter}

__all__ = ['WRITERS', 'AppendedFile', 'OutputWriter', 'OverlayWriter', 'RLECSVWriter']
