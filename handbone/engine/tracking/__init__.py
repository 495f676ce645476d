"""Trackers of experiments: what arrives is whole, in one run, even where a server was away."""

from .mlflow_backend import BufferedMLflowVisBackend
from .tensorboard_backend import ResumableTensorboardVisBackend
from .wandb_backend import ResumableWandbVisBackend

__all__ = [
    'BufferedMLflowVisBackend',
    'ResumableTensorboardVisBackend',
    'ResumableWandbVisBackend',
]
