from .evaluations import Evaluation, evaluate

__all__ = ['Evaluation', 'evaluate']
