from .evaluating import evaluate
from .evaluation import Evaluation

__all__ = ['Evaluation', 'evaluate']
