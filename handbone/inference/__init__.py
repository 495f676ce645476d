"""From radiographs to labels: models, and the stream of images through them."""

from .prediction import Prediction
from .predictor import Predictor

__all__ = ['Prediction', 'Predictor']
