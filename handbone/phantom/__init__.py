"""Synthetic hand radiographs with exact polygons of all 29 bones."""

from handbone.phantom.dataset import write_dataset
from handbone.phantom.generator import Phantom, generate
from handbone.phantom.patient import Patient
from handbone.phantom.settings import PRESETS, PhantomSettings, Preset

__all__ = [
    'PRESETS',
    'Patient',
    'Phantom',
    'PhantomSettings',
    'Preset',
    'generate',
    'write_dataset',
]
