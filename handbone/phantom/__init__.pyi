from .dataset import write_dataset
from .generator import Phantom, generate
from .patient import Patient
from .settings import PRESETS, PhantomSettings, Preset

__all__ = [
    'PRESETS',
    'Patient',
    'Phantom',
    'PhantomSettings',
    'Preset',
    'generate',
    'write_dataset',
]
