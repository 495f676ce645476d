from .inferencer import MultilabelInferencer
from .testing import test
from .training import train

__all__ = ['MultilabelInferencer', 'test', 'train']
