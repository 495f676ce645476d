"""Pictures on disk."""

from pathlib import Path

import cv2
import numpy as np

from handbone.errors import HandboneError
from handbone.files import write_atomically


def write_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write a picture in the format of the file's extension, completely or not at all.

    Args:
        path: File to write; its folder is created if needed.
        picture: RGB, uint8.

    Raises:
        HandboneError: If the extension is not that of an image format.
        OSError: If the file cannot be written; what was there before is kept.
    """
    path = Path(path)
    # OpenCV crashes at names that are not valid UTF-8, so it sees no more than the extension
    if not (path.suffix.isascii() and cv2.haveImageWriter(f'picture{path.suffix}')):
        raise HandboneError(
            f'{path}: pictures cannot be written as {path.suffix!r}. Use .jpg or .png.'
        )
    write_atomically(path, encode_picture(picture, path.suffix))


def encode_picture(picture: np.ndarray, suffix: str) -> bytes:
    """Encode a picture.

    Args:
        picture: RGB, uint8.
        suffix: Extension of a format that OpenCV writes, with its dot.

    Returns:
        The content of the file.
    """
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 92] if suffix in ('.jpg', '.jpeg') else []
    _, encoded = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), parameters)
    return encoded.tobytes()
