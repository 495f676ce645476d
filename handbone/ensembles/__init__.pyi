from .class_lists import check_same_classes
from .ensemble_file import Ensemble, EnsembleMember, is_ensemble, read_ensemble, write_ensemble
from .ensemble_test_loop import EnsembleTestLoop
from .logit_store import LogitStore
from .soups import average_weights, greedy_choice, recompute_batch_norm

__all__ = [
    'Ensemble',
    'EnsembleMember',
    'EnsembleTestLoop',
    'LogitStore',
    'average_weights',
    'check_same_classes',
    'greedy_choice',
    'is_ensemble',
    'read_ensemble',
    'recompute_batch_norm',
    'write_ensemble',
]
