from .colors import check_colors, read_photograph
from .errors import RadiographError
from .grey_values import check_grey_values
from .radiograph import Photograph, Radiograph
from .reading import read_radiograph
from .window import apply_window, check_window

__all__ = [
    'Photograph',
    'Radiograph',
    'RadiographError',
    'apply_window',
    'check_colors',
    'check_grey_values',
    'check_window',
    'read_photograph',
    'read_radiograph',
]
