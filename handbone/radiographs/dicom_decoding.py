"""Pixels of DICOM files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.extras import import_extra

from .cut_off import JPEG_MARKER, JPEG_SIGNATURE
from .dicom_format import (
    PIXELS,
    check_frames,
    check_image,
    damage_in,
    parse_header,
    pixel_spacing,
)
from .dicom_values import grey_values
from .errors import COPY_AGAIN, RadiographError, reason
from .isolated_decoding import IsolatedDecodingError, decode_isolated
from .window import Window

if TYPE_CHECKING:
    from pydicom import Dataset

#: Markers of JPEG and JPEG-LS that are followed by the size of the image.
FRAME_HEADERS = {0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
JPEG2000_SIGNATURE = b'\xff\x4f\xff\x51'


def decode_dicom(
    path: str | Path, data: bytes, window: Window = 'file'
) -> tuple[np.ndarray, tuple[float, float] | None, 'Dataset']:
    """Decode a radiograph of one frame: rescaled, windowed, bone brighter than air.

    8-bit values without rescaling and window stay as they are; padding becomes 0. The order of the
    steps is that of DICOM PS3.3 C.11 and PS3.4 N.2: modality LUT or rescale slope and intercept,
    VOI LUT or window, and MONOCHROME1 inverted last.

    Args:
        path: The file, for messages.
        data: Its content.
        window: 'file' takes the file's first VOI LUT or window, and darkest and brightest value
            where it has none; the others are those of :func:`handbone.radiographs.apply_window`,
            on rescaled values.

    Returns:
        (H, W) image, uint8 or float32 from 0 to 255; height and width of a pixel in mm, or
        ``None``; the header without pixels.

    Raises:
        RadiographError: If it is not a DICOM file or truncated, or holds no image, several frames,
            colours, or pixels of an encoding that cannot be decoded.
        MissingExtraError: If pydicom is not installed.
    """
    header = parse_header(path, io.BytesIO(data))
    check_image(path, header)
    name = getattr(header.file_meta.TransferSyntaxUID, 'name', 'unknown')
    with damage_in(path, f'its pixel data ({reason(name)})'):
        pixels = _stored_pixels(path, data, header, name)
        expected = int(header.Rows), int(header.Columns)
        if pixels.shape != expected:
            raise RadiographError.at(
                path,
                f'its pixels decode to an array {pixels.shape}, but its header says {expected}',
                COPY_AGAIN,
            )
        image = grey_values(path, header, pixels, window)
    for keyword in PIXELS:
        if keyword in header:
            del header[keyword]
    header._pixel_array = None  # pydicom keeps the decoded pixels with the header
    return image, pixel_spacing(header), header


def decode_by_pydicom(data: bytes) -> np.ndarray:
    """Decode the pixels of a file in this process, by whatever decoders pydicom finds.

    Args:
        data: Content of the file.

    Returns:
        The stored pixels.
    """
    return parse_header('', io.BytesIO(data)).pixel_array


def _stored_pixels(path: str | Path, data: bytes, header: 'Dataset', name: str) -> np.ndarray:
    """Decode the pixels; compressed ones in a process of their own."""
    if not header.file_meta.TransferSyntaxUID.is_compressed:
        return header.pixel_array
    _check_compressed(path, header)
    try:
        return decode_isolated('dicom', data)
    except IsolatedDecodingError as error:
        if (
            'missing dependencies' in str(error)
            or 'plugin' in str(error)
            and 'missing' in str(error)
        ):
            raise RadiographError.at(
                path,
                f'nothing is installed that decodes its pixels ({name})',
                'pip install "handbone[dicom]"',
            ) from error
        raise


def _check_compressed(path: str | Path, header: 'Dataset') -> None:
    """Check what the compressed images declare before a decoder believes them."""
    encaps = import_extra('pydicom.encaps', 'dicom')
    content = io.BytesIO(header.PixelData)
    encaps.parse_basic_offsets(content)
    fragments = list(encaps.generate_fragments(content))
    images = [each for each in fragments if each.startswith((JPEG_SIGNATURE, JPEG2000_SIGNATURE))]
    check_frames(path, len(images))
    expected = int(header.Rows), int(header.Columns)
    for image in images:
        declared = declared_size(image)
        if declared not in (None, expected):
            raise RadiographError.at(
                path,
                f'its compressed image has {declared[0]} x {declared[1]} pixels, but its header '
                f'says {expected[0]} x {expected[1]}',
                COPY_AGAIN,
            )


def declared_size(image: bytes) -> tuple[int, int] | None:
    """Read the size of a compressed image from its own header.

    Args:
        image: JPEG, JPEG-LS or JPEG 2000 code stream.

    Returns:
        Height and width; ``None`` where the header does not tell.
    """
    if image.startswith(JPEG2000_SIGNATURE):
        numbers = np.frombuffer(image[8:24].ljust(16, b'\0'), '>u4').tolist()
        return numbers[1] - numbers[3], numbers[0] - numbers[2]
    found = JPEG_MARKER.search(image, len(JPEG_SIGNATURE))
    while found:
        start = found.end()
        if image[start - 1] in FRAME_HEADERS:
            height = int.from_bytes(image[start + 3 : start + 5])
            width = int.from_bytes(image[start + 5 : start + 7])
            return (height, width) if height and width else None
        found = JPEG_MARKER.search(image, start + int.from_bytes(image[start : start + 2]))
    return None
