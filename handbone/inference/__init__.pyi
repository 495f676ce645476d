from .opening import open_predictor
from .predictor import Predictor
from .sources import ImageSources, Source
from .torch_predictor import TorchPredictor

__all__ = [
    'ImageSources',
    'Predictor',
    'Source',
    'TorchPredictor',
    'open_predictor',
]
