from .model_files import open_predictor
from .predictor import Predictor, default_batch_size
from .sources import ImageSources, Source
from .torch_predictor import TorchPredictor

__all__ = [
    'ImageSources',
    'Predictor',
    'Source',
    'TorchPredictor',
    'default_batch_size',
    'open_predictor',
]
