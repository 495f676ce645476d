"""The file of an image, as a browser shows it."""

from pathlib import Path

import cv2
import numpy as np

from handbone.errors import HandboneError
from handbone.radiographs.errors import RadiographError
from handbone.radiographs.picture_header import PNG_SIGNATURE, read_picture_header
from handbone.radiographs.reading import read_radiograph

from .sentences import Sentence

#: What browsers decode pixel for pixel as the readers of this package do.
BROWSER_FORMATS = {'PNG': 'image/png', 'JPEG': 'image/jpeg'}
#: Place of the number of bits per value in a PNG.
PNG_DEPTH = len(PNG_SIGNATURE) + 16
#: Little compression: the picture does not go far.
QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def browser_picture(path: Path) -> tuple[bytes, str]:
    """Read an image in a form that browsers show.

    PNG and JPEG of 8 bits go as they are. Everything else is read as the networks read it, grey
    from 0 to 255, and becomes a PNG.

    Args:
        path: The image.

    Returns:
        The content, and its media type.

    Raises:
        HandboneError: The file is no image, or gone.
    """
    try:
        with path.open('rb') as file:
            data = file.read()
            file.seek(0)
            header = read_picture_header(path, file)
    except RadiographError:
        header = None  # DICOM, and what the reader below refuses with its reason
    except OSError as error:
        raise HandboneError(
            Sentence(
                'said_unreadable',
                '{name} cannot be read: {reason}',
                name=path,
                reason=error.strerror,
            )
        ) from error
    if header is not None and header.format in BROWSER_FORMATS and header.orientation == 1:
        deep = header.format == 'PNG' and data[PNG_DEPTH] > 8
        if not deep:
            return data, BROWSER_FORMATS[header.format]
    grey = read_radiograph(path).image
    if grey.dtype != np.uint8:
        grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode('.png', grey, QUICK)
    return encoded.tobytes(), 'image/png'
