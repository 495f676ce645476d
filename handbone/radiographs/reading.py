"""A radiograph from a file of any format."""

from pathlib import Path

import numpy as np

from .dicom_decoding import decode_dicom
from .dicom_format import SUFFIXES as DICOM_SUFFIXES
from .dicom_format import image_size, is_dicom
from .errors import RadiographError
from .picture_formats import SUFFIXES as PICTURE_SUFFIXES
from .picture_formats import decode_picture
from .picture_header import check_length, read_picture_header
from .radiograph import Radiograph
from .window import Window, apply_window, check_window

#: Suffixes of the files that :func:`read_radiograph` reads.
SUFFIXES = (*PICTURE_SUFFIXES, *DICOM_SUFFIXES)


def read_radiograph(
    path: str | Path, window: Window = 'file', color_type: str = 'grayscale'
) -> Radiograph:
    """Read a picture or a DICOM file; DICOM is known by its content or its suffix.

    Pictures are turned as their orientation tags say.

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
        RadiographError: If the file is missing, truncated, damaged, or not one image.
        MissingExtraError: If it is DICOM and pydicom is not installed.
        HandboneError: If the window is not valid.
    """
    check_window(window)
    path = Path(path)
    try:
        with path.open('rb') as file:
            check_length(path, file)
            data = file.read()
    except OSError as error:
        raise _unreadable(path, error) from error
    if is_dicom(path, data[:132]):
        image, spacing, header = decode_dicom(path, data, window)
        if color_type == 'color':
            image = np.repeat(image[..., None], 3, axis=2)
    else:
        image, picture = decode_picture(path, data, color_type)
        spacing, header = picture.spacing, None
        if image.dtype != np.uint8:
            image = apply_window(image, window)
    if image.dtype != np.uint8 and image.max() <= 1:
        image = np.zeros_like(image)  # black, and not to be taken for an image from 0 to 1
    return Radiograph(image, path, spacing, header)


def read_image_size(path: str | Path) -> tuple[int, int]:
    """Read the size of the image that :func:`read_radiograph` gives, without decoding it.

    Args:
        path: The file.

    Returns:
        Height and width in pixels, as displayed.

    Raises:
        RadiographError: If the header shows that the file cannot be used.
        MissingExtraError: If it is DICOM and pydicom is not installed.
    """
    path = Path(path)
    try:
        with path.open('rb') as file:
            if is_dicom(path, file.read(132)):
                return image_size(path)
            file.seek(0)
            return read_picture_header(path, file).size
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> RadiographError:
    return RadiographError.at(
        path,
        f'the image cannot be read ({error.strerror or error})',
        'Check that the file exists and that you may read it',
    )
