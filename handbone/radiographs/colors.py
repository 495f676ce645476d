"""What a colour image in memory must be before a network sees it, and colours from files."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from handbone.errors import HandboneError

from .grey_values import check_floats, check_grey_values, size_problem
from .radiograph import Photograph
from .reading import read_radiograph
from .window import Window

EXPECTED = 'colours must be blue, green and red (H, W, 3), uint8, or float from 0 to 255'


def read_photograph(path: str | Path, window: Window = 'file') -> Photograph:
    """Read a file in colours, for models that see them; see :func:`read_radiograph`.

    Args:
        path: The file; a grey image gets three equal channels.
        window: Window of files with more than 8 bits.

    Returns:
        The image.

    Raises:
        RadiographError: The file cannot be used.
    """
    read = read_radiograph(path, window, 'color')
    return Photograph(read.image[..., ::-1], read.path, read.spacing, read.dicom)


def check_colors(image: Any, place: str = 'the image') -> np.ndarray:
    """Check an image in memory for a model that sees colours.

    >>> check_colors(np.zeros((64, 48), np.uint8)).shape
    (64, 48, 3)

    Args:
        image: Blue, green and red (H, W, 3), uint8, or float from 0 to 255, as OpenCV and mmseg
            have them; a Pillow image in colours; or grey values as :func:`check_grey_values` takes
            them.
        place: Which image it is, for messages.

    Returns:
        Blue, green and red, (H, W, 3), uint8, or float32 for floats.

    Raises:
        HandboneError: If its shape, its type or its values are not those of an image.
    """
    if isinstance(image, Image.Image) and image.mode in ('P', 'RGB', 'RGBA', 'CMYK', 'YCbCr'):
        image = np.asarray(image.convert('RGB'))[..., ::-1]
    if getattr(image, 'ndim', 2) != 3:
        return cv2.cvtColor(check_grey_values(image, place), cv2.COLOR_GRAY2BGR)
    colors = np.asarray(image)
    if colors.shape[2] != 3 or (colors.dtype != np.uint8 and colors.dtype.kind != 'f'):
        raise HandboneError(
            f'{place}: the array has the shape {colors.shape} and the type {colors.dtype}, but '
            f'{EXPECTED}. Convert it.'
        )
    problem = size_problem(*colors.shape[:2])
    if problem:
        raise HandboneError(f'{place}: {problem}. Leave it out.')
    return colors if colors.dtype == np.uint8 else check_floats(colors, place, EXPECTED)
