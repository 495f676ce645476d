from .class_lists import check_same_classes
from .ensemble_test_loop import EnsembleTestLoop
from .logit_store import LogitStore
from .soups import average_weights, greedy_choice, recompute_batch_norm

__all__ = [
    'EnsembleTestLoop',
    'LogitStore',
    'average_weights',
    'check_same_classes',
    'greedy_choice',
    'recompute_batch_norm',
]
