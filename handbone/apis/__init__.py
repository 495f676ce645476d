"""Training and testing as functions; the programs in tools/ are thin wrappers of them."""

from .testing import test
from .training import train

__all__ = ['test', 'train']
