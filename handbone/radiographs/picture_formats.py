"""PNG, JPEG, TIFF and the other formats of pictures."""

import io
from pathlib import Path

import cv2
import numpy as np

from .errors import COPY_AGAIN, RadiographError, reason
from .isolated_decoding import decode_isolated
from .picture_header import PictureHeader, read_picture_header

#: Suffixes of the formats that :func:`read_picture_header` knows and OpenCV decodes.
SUFFIXES = (
    *('.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.tif', '.tiff', '.bmp', '.dib', '.gif', '.webp'),
    *('.jp2', '.j2k', '.pbm', '.pgm', '.ppm', '.pnm'),
)
FLAGS = {
    'grayscale': cv2.IMREAD_GRAYSCALE,
    'color': cv2.IMREAD_COLOR,
    'stored': cv2.IMREAD_ANYCOLOR,
}
#: Formats whose decoders may end the process on damaged files.
CRASHING_FORMATS = ('JPEG2000',)
TIFF_BITS_OF_INVERTED = np.uint16  # OpenCV itself inverts those of 8 bits


def decode_picture(
    path: str | Path, data: bytes, color_type: str = 'grayscale'
) -> tuple[np.ndarray, PictureHeader]:
    """Decode a picture at its own depth, turned as its orientation tag says.

    Args:
        path: The file, for messages.
        data: Its content.
        color_type: 'grayscale' gives (H, W), 'color' (H, W, 3) in the order blue, green, red,
            'stored' whichever the file has.

    Returns:
        Image, black at the lowest value: uint8, uint16, or what else a TIFF holds; and its header.

    Raises:
        RadiographError: If it is truncated, damaged, not a picture, or has several frames.
    """
    header = read_picture_header(path, io.BytesIO(data))
    flags = FLAGS[color_type] | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        if header.format in CRASHING_FORMATS:
            image = decode_isolated('picture', data, flags=flags)
        else:
            image = decode_by_opencv(data, flags)
    except (cv2.error, RuntimeError, MemoryError) as error:
        raise RadiographError.at(
            path, f'the image cannot be decoded ({reason(error)})', COPY_AGAIN
        ) from error
    # OpenCV turns TIFFs whatever it is asked, and no other format
    turned = image if header.format == 'TIFF' else turn(image, header.orientation)
    if turned.shape[:2] != header.size:
        decoded, declared = turned.shape[:2], header.size
        raise RadiographError.at(
            path,
            f'the image decodes to {decoded[0]} x {decoded[1]} pixels, but its header says '
            f'{declared[0]} x {declared[1]}',
            COPY_AGAIN,
        )
    if turned.dtype.kind == 'f' and not np.isfinite(turned).all():
        raise RadiographError.at(
            path, 'the image has pixels that are NaN or infinite', 'Replace them by grey values'
        )
    if header.inverted and turned.dtype == TIFF_BITS_OF_INVERTED:
        turned = np.iinfo(turned.dtype).max - turned
    return turned, header


def decode_by_opencv(data: bytes, flags: int) -> np.ndarray:
    """Decode a picture in this process.

    Args:
        data: Content of the file.
        flags: OpenCV's flags.

    Returns:
        The stored pixels.

    Raises:
        RuntimeError: If it cannot be decoded.
        cv2.error: If OpenCV refuses it.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None:
        raise RuntimeError('its content is damaged')
    return image


def turn(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored pixels for display.

    Args:
        image: (H, W) or (H, W, C).
        orientation: EXIF orientation, 1 to 8; above 4 height and width change places.

    Returns:
        Contiguous array; the image itself for orientation 1.
    """
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
