from .errors import RadiographError
from .radiograph import Radiograph
from .reading import read_radiograph
from .window import apply_window, check_window

__all__ = ['Radiograph', 'RadiographError', 'apply_window', 'check_window', 'read_radiograph']
