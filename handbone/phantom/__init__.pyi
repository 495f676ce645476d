from .dataset import write_dataset
from .generator import generate
from .patient import Patient
from .presets import PRESETS, Preset
from .scene import Phantom
from .settings import PhantomSettings
from .wild.settings import WildSettings

__all__ = [
    'PRESETS',
    'Patient',
    'Phantom',
    'PhantomSettings',
    'Preset',
    'WildSettings',
    'generate',
    'write_dataset',
]
