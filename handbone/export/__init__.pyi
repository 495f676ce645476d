from .description import Description
from .exported_predictor import ExportedPredictor, is_exported, open_exported
from .preprocessing import Preprocessing

__all__ = ['Description', 'ExportedPredictor', 'Preprocessing', 'is_exported', 'open_exported']
