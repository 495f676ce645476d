"""A radiograph from a file of any format."""

from pathlib import Path

import numpy as np

from .dicom_format import decode_dicom, is_dicom
from .errors import RadiographError
from .grey_values import size_problem
from .picture_formats import decode_picture, decode_tiff, is_tiff
from .radiograph import Radiograph
from .window import Window, apply_window, check_window


def read_radiograph(
    path: str | Path, window: Window = 'file', color_type: str = 'grayscale'
) -> Radiograph:
    """Read a PNG, JPEG, TIFF or DICOM file; DICOM is known by its content or its suffix.

    Args:
        path: The file.
        window: Grey values of files with more than 8 bits that become 0 and 255: 'file' takes the
            window that a DICOM file names and otherwise, as 'minmax', the darkest and the brightest
            value of the image; 'percentile' takes its 0.1 and 99.9 percentiles, which a few
            burnt-in pixels do not move; (low, high) are raw grey values, rescaled ones of DICOM.
        color_type: 'grayscale' gives (H, W); 'color' (H, W, 3) in the order blue, green, red.

    Returns:
        The image, uint8 as it is in files of 8 bits, else float32 from 0 to 255, with the pixel
        spacing where the file tells it: TIFFs whose resolution can be believed, and DICOM.

    Raises:
        RadiographError: If the file is missing, truncated, damaged, or not one grey image.
        MissingExtraError: If it is DICOM and pydicom is not installed.
        HandboneError: If the window is none.
    """
    check_window(window)
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RadiographError.at(
            path,
            f'the image cannot be read ({error.strerror})',
            'Check that the file exists and that you may read it',
        ) from error
    spacing = header = None
    if is_dicom(path, data[:132]):
        image, spacing, header = decode_dicom(path, data, window)
        if color_type == 'color':
            image = np.repeat(image[..., None], 3, axis=2)
    elif is_tiff(data):
        image, spacing = decode_tiff(path, data, color_type)
    else:
        image = decode_picture(path, data, color_type)
    if image.dtype != np.uint8 and header is None:
        image = apply_window(image, window)
    problem = size_problem(*image.shape[:2])
    if problem:
        raise RadiographError.at(path, problem, 'Leave it out')
    return Radiograph(image, path, spacing, header)
