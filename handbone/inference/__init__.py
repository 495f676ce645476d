"""From radiographs to labels: models, and the stream of images through them."""

from .opening import open_predictor
from .prediction import Prediction
from .predictor import Predictor
from .sources import ImageSources, Source
from .torch_predictor import TorchPredictor

__all__ = [
    'ImageSources',
    'Prediction',
    'Predictor',
    'Source',
    'TorchPredictor',
    'open_predictor',
]
