from .formats import WRITERS
from .label_png import read_label_png
from .overlays import OverlayWriter
from .prediction import Prediction
from .rle_csv import RLECSVWriter
from .writer import OutputWriter

__all__ = [
    'WRITERS',
    'OutputWriter',
    'OverlayWriter',
    'Prediction',
    'RLECSVWriter',
    'read_label_png',
]
