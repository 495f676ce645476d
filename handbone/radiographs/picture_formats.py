"""PNG, JPEG, TIFF and the other formats of pictures."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from .errors import COPY_AGAIN, RadiographError

FLAGS = {'grayscale': cv2.IMREAD_GRAYSCALE, 'color': cv2.IMREAD_COLOR}
PNG_SIGNATURE, JPEG_SIGNATURE = b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff'
TIFF_SIGNATURES = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
TAIL_BYTES = 1024  # the end marker is among them; some writers append a few bytes of their own

PHOTOMETRIC, RESOLUTIONS, RESOLUTION_UNIT = 262, (283, 282), 296  # (vertical, horizontal)
WHITE_IS_ZERO = 0
MILLIMETRES = {2: 25.4, 3: 10.0}  # of the units inch and centimetre
#: What programs write that know of no resolution: of screens and of browsers.
PLACEHOLDER_DPI = (72, 96)
SOUND_SPACING = (0.01, 1.0)  # mm; detectors and film scanners have 0.02 to 0.2


def decode_picture(path: str | Path, data: bytes, color_type: str = 'grayscale') -> np.ndarray:
    """Decode a picture at its own depth. Orientation tags stay unread.

    Args:
        path: The file, for messages.
        data: Its content.
        color_type: 'grayscale' gives (H, W), 'color' (H, W, 3) in the order blue, green, red.

    Returns:
        uint8, uint16, or what else a TIFF holds.

    Raises:
        RadiographError: If it is truncated, damaged or no picture.
    """
    tail = data[-TAIL_BYTES:]
    if data.startswith(PNG_SIGNATURE) and b'IEND' not in tail:
        raise RadiographError.at(
            path, 'the PNG is truncated (its IEND chunk is missing)', COPY_AGAIN
        )
    if data.startswith(JPEG_SIGNATURE) and b'\xff\xd9' not in tail:
        raise RadiographError.at(
            path, 'the JPEG is truncated (its end marker is missing)', COPY_AGAIN
        )
    # Orientation tags stay unread: polygons are checked against the size in the header.
    flags = FLAGS[color_type] | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        raise RadiographError.at(path, 'the image cannot be decoded', COPY_AGAIN)
    return image


def is_tiff(data: bytes) -> bool:
    """Tell a TIFF by its first bytes."""
    return data[:4] in TIFF_SIGNATURES


def decode_tiff(
    path: str | Path, data: bytes, color_type: str = 'grayscale'
) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Decode a TIFF of one page; see :func:`decode_picture`.

    Args:
        path: The file, for messages.
        data: Its content.
        color_type: 'grayscale' or 'color'.

    Returns:
        Image, black at the lowest value, and height and width of a pixel in mm, or ``None``.

    Raises:
        RadiographError: If it is truncated, damaged, or has several pages.
    """
    try:
        with Image.open(io.BytesIO(data)) as header:
            pages = getattr(header, 'n_frames', 1)
            tags = getattr(header, 'tag_v2', {})
            inverted = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
            spacing = _tiff_spacing(tags)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RadiographError.at(path, f'the TIFF is damaged ({error})', COPY_AGAIN) from error
    if pages > 1:
        raise RadiographError.at(
            path, f'the TIFF has {pages} pages', 'Save the page to be read as a file of its own'
        )
    image = decode_picture(path, data, color_type)
    if inverted and image.dtype == np.uint16:  # OpenCV inverts those of 8 bits itself
        image = 65535 - image
    return image, spacing


def _tiff_spacing(tags: TiffImagePlugin.ImageFileDirectory_v2) -> tuple[float, float] | None:
    """Read the pixel spacing where the resolution tags can be believed."""
    unit = MILLIMETRES.get(tags.get(RESOLUTION_UNIT, 2))
    resolutions = [float(tags.get(tag, 0)) for tag in RESOLUTIONS]
    if unit is None or not all(np.isfinite(each) and each > 0 for each in resolutions):
        return None
    if any(round(each * 25.4 / unit) in PLACEHOLDER_DPI for each in resolutions):
        return None
    height, width = (unit / each for each in resolutions)
    low, high = SOUND_SPACING
    return (height, width) if low <= min(height, width) and max(height, width) <= high else None
