from .description import Description
from .exported_predictor import ExportedPredictor, open_exported
from .preprocessing import Preprocessing
from .sessions import is_exported

__all__ = ['Description', 'ExportedPredictor', 'Preprocessing', 'is_exported', 'open_exported']
