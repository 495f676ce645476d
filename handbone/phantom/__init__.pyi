from .dataset import write_dataset
from .generator import generate
from .patient import Patient
from .planted_faults import FaultSettings
from .presets import PRESETS, Preset
from .scene import Phantom
from .settings import PhantomSettings
from .wild.settings import WildSettings

__all__ = [
    'PRESETS',
    'FaultSettings',
    'Patient',
    'Phantom',
    'PhantomSettings',
    'Preset',
    'WildSettings',
    'generate',
    'write_dataset',
]
