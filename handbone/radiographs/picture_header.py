"""What the header of a picture says, read without decoding the picture."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from .cut_off import ends_in, missing_part
from .errors import COPY_AGAIN, RadiographError, reason
from .grey_values import size_problem

#: The formats that Pillow is asked to recognise; all of them are decoded by OpenCV.
FORMATS = ('JPEG', 'TIFF', 'BMP', 'GIF', 'WEBP', 'JPEG2000', 'PPM')
#: A decompression bomb rather than a picture; the number above which Pillow raises an error.
MAX_PIXELS = 178_956_970
#: Bytes of a pixel at most, four numbers of 16 bits, and of all that is not pixels.
MAX_PIXEL_BYTES, MAX_METADATA = 8, 2**27
#: Bytes of a file that holds one radiograph, in any format.
MAX_BYTES = MAX_PIXELS * MAX_PIXEL_BYTES + MAX_METADATA

PNG_SIGNATURE, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'
MAX_CHUNK = 2**16  # bytes of the chunks that are read; orientations need less

TIFF_WIDTH, TIFF_HEIGHT, TIFF_PHOTOMETRIC, ORIENTATION = 256, 257, 262, 274
TIFF_RESOLUTIONS, TIFF_RESOLUTION_UNIT = (283, 282), 296  # (vertical, horizontal)
WHITE_IS_ZERO = 0
TURNED = (5, 6, 7, 8)  # orientations that exchange height and width
MILLIMETRES = {2: 25.4, 3: 10.0}  # of the units inch and centimetre
#: What programs that know no resolution write: those of screens and of browsers.
PLACEHOLDER_DPI = (72, 96)
SOUND_SPACING = (0.01, 1.0)  # mm; detectors and film scanners have 0.02 to 0.2


@dataclass(frozen=True)
class PictureHeader:
    """What the header of a picture says.

    Attributes:
        format: Pillow's name of the format, such as 'PNG'.
        stored_size: Height and width of the pixels in the file.
        orientation: How EXIF says the stored pixels are to be turned for display, 1 (as they are)
            to 8.
        frames: Number of frames or pages.
        inverted: Whether 0 is white.
        spacing: Height and width of a displayed pixel in mm, ``None`` where the file does not tell.
    """

    format: str
    stored_size: tuple[int, int]
    orientation: int = 1
    frames: int = 1
    inverted: bool = False
    spacing: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture as it is displayed."""
        height, width = self.stored_size
        return (width, height) if self.orientation in TURNED else (height, width)


def read_picture_header(path: str | Path, file: BinaryIO) -> PictureHeader:
    """Read the header of a picture and check that the file is not cut off.

    Damage in the middle of the file shows only when the picture is decoded.

    Args:
        path: The file, for messages.
        file: Its content, to be read from the start.

    Returns:
        The header.

    Raises:
        RadiographError: If the file is not a picture of a known format, is truncated, has several
            frames, has a size that no network takes, or has more bytes than an image.
    """
    check_length(path, file)
    start = file.read(len(PNG_SIGNATURE))
    if start == PNG_SIGNATURE:
        header = _png_header(path, file)
    else:
        file.seek(0)
        header = _other_header(path, file)
    if header.frames > 1:
        parts = 'pages' if header.format == 'TIFF' else 'frames'
        raise RadiographError.at(
            path,
            f'the {header.format} has {header.frames} {parts}',
            f'Save the {parts[:-1]} to be read as a file of its own',
        )
    return header


def check_declared_size(path: str | Path, height: int, width: int) -> None:
    """Check a size before a decoder allocates memory for it.

    Args:
        path: The file, for messages.
        height: Rows that its header declares.
        width: Columns that its header declares.

    Raises:
        RadiographError: If no network can take an image of the size, or no memory holds it.
    """
    problem = size_problem(height, width)
    if height * width > MAX_PIXELS:
        problem = f'its header declares {height} x {width} pixels, more than {MAX_PIXELS}'
    if problem:
        raise RadiographError.at(path, problem, 'Leave it out')


def check_length(path: str | Path, file: BinaryIO) -> None:
    """Check that a file is not larger than an image can be, before it is read.

    Args:
        path: The file, for messages.
        file: The same, open; its position stays as it is.

    Raises:
        RadiographError: If it is.
    """
    position = file.tell()
    length = file.seek(0, io.SEEK_END)
    file.seek(position)
    if length > MAX_BYTES:
        problem = f'the file has {length / 2**30:.1f} GB, more than an image can have'
        raise RadiographError.at(path, problem, COPY_AGAIN)


def _png_header(path: str | Path, file: BinaryIO) -> PictureHeader:
    """Walk through the chunks; what follows on the last one does not matter."""
    size, orientation, frames = None, 1, 1
    at_image = False
    while True:
        start, content, expected = file.read(8), b'', 0
        length, kind = struct.unpack('>I4s', start.ljust(8))
        if kind in (b'IHDR', b'eXIf', b'acTL') and not at_image:
            expected = min(length, MAX_CHUNK)
            content = file.read(expected)
        cut_off = kind == b'IEND' and len(file.read(4)) < 4  # its checksum
        if len(start) < 8 or len(content) < expected or cut_off:
            raise RadiographError.at(
                path, 'the PNG is truncated (its IEND chunk is missing)', COPY_AGAIN
            )
        if kind == b'IHDR' and len(content) >= 8:
            width, height = struct.unpack('>II', content[:8])
            size = height, width
            check_declared_size(path, *size)
        elif size is None or not kind.isalpha():
            raise RadiographError.at(path, 'the header of the PNG is damaged', COPY_AGAIN)
        elif kind == b'eXIf' and content:
            orientation = _exif_orientation(content)
        elif kind == b'acTL' and len(content) >= 4:
            frames = struct.unpack('>I', content[:4])[0]
        elif kind == b'IDAT' and not at_image:
            at_image = True
            if ends_in(file, PNG_END):
                break
        elif kind == b'IEND':
            break
        file.seek(length - len(content) + 4, io.SEEK_CUR)  # the checksum has four bytes
    return PictureHeader('PNG', size, orientation, frames)


def _other_header(path: str | Path, file: BinaryIO) -> PictureHeader:
    try:
        with Image.open(file, formats=FORMATS) as image:
            check_declared_size(path, image.height, image.width)
            # phones append further pictures to a JPEG that are not frames of it
            kind = 'JPEG' if image.format == 'MPO' else str(image.format)
            if missing := missing_part(file, image, kind):
                raise RadiographError.at(
                    path, f'the {kind} is truncated (its {missing} is missing)', COPY_AGAIN
                )
            if isinstance(image, TiffImagePlugin.TiffImageFile):
                return _tiff_header(image)
            return PictureHeader(
                kind,
                (image.height, image.width),
                _exif_orientation(image.info.get('exif', b'')),
                1 if kind == 'JPEG' else getattr(image, 'n_frames', 1),
            )
    except RadiographError:
        raise
    except UnidentifiedImageError as error:
        raise RadiographError.at(
            path, 'the file is not an image of a known format, or its header is damaged', COPY_AGAIN
        ) from error
    except Image.DecompressionBombError as error:
        raise RadiographError.at(
            path, f'its header declares more than {MAX_PIXELS} pixels', 'Leave it out'
        ) from error
    except Exception as error:  # Pillow raises whatever damaged bytes lead it to
        raise RadiographError.at(
            path, f'the header of the image is damaged ({reason(error)})', COPY_AGAIN
        ) from error


def _tiff_header(image: TiffImagePlugin.TiffImageFile) -> PictureHeader:
    tags = image.tag_v2
    orientation = tags.get(ORIENTATION, 1)
    spacing = _tiff_spacing(tags)
    if spacing is not None and orientation in TURNED:
        spacing = spacing[::-1]
    return PictureHeader(
        'TIFF',
        (int(tags[TIFF_HEIGHT]), int(tags[TIFF_WIDTH])),
        orientation,
        image.n_frames,
        tags.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO,
        spacing,
    )


def _tiff_spacing(tags: TiffImagePlugin.ImageFileDirectory_v2) -> tuple[float, float] | None:
    """Read the pixel spacing where the resolution tags can be believed."""
    unit = MILLIMETRES.get(tags.get(TIFF_RESOLUTION_UNIT, 2))
    resolutions = [float(tags.get(tag, 0)) for tag in TIFF_RESOLUTIONS]
    if unit is None or not all(np.isfinite(each) and each > 0 for each in resolutions):
        return None
    if any(round(each * 25.4 / unit) in PLACEHOLDER_DPI for each in resolutions):
        return None
    height, width = (unit / each for each in resolutions)
    low, high = SOUND_SPACING
    return (height, width) if low <= min(height, width) and max(height, width) <= high else None


def _exif_orientation(content: bytes) -> int:
    """Read how to turn the picture; EXIF that cannot be read says nothing."""
    exif = Image.Exif()
    try:
        exif.load(content)
        orientation = exif.get(ORIENTATION, 1)
    except Exception:  # Pillow raises whatever damaged bytes lead it to
        return 1
    return orientation if orientation in range(1, 9) else 1
