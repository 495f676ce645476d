"""Headers of DICOM files: which files are radiographs, and of what size."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from handbone.errors import HandboneError, counted
from handbone.extras import import_extra

from .deflated_dicom import open_deflated
from .errors import COPY_AGAIN, RadiographError, reason
from .picture_header import check_declared_size, check_length

if TYPE_CHECKING:
    from pydicom import Dataset

SUFFIXES = ('.dcm', '.dicom')
LONG = 1024  # bytes of elements that headers are read without
MAGIC = slice(128, 132)  # where the preamble ends in DICM
GRAY = ('MONOCHROME1', 'MONOCHROME2')
SPACINGS = ('PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing')
UNKNOWN_LENGTH = 2**32 - 1
SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4'
#: Kinds of DICOM files whose pixels are segments, or labels of them.
SEGMENTATIONS = (SEGMENTATION_STORAGE, '1.2.840.10008.5.1.4.1.1.66.7')
PIXELS = ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')


def is_dicom(path: str | Path, start: bytes) -> bool:
    """Tell a DICOM file by its preamble, or else by its suffix.

    Args:
        path: The file.
        start: Its first 132 bytes or more.

    Returns:
        Whether to read it as DICOM.
    """
    return start[MAGIC] == b'DICM' or Path(path).suffix.lower() in SUFFIXES


def image_size(path: Path) -> tuple[int, int]:
    """Read height and width from a DICOM header, and pass over the pixels.

    Args:
        path: The file.

    Returns:
        Height and width in pixels.

    Raises:
        RadiographError: If it is not a DICOM file, or does not hold one grey image.
        MissingExtraError: If pydicom is not installed.
    """
    with path.open('rb') as file:
        header = parse_header(path, file, pixels=False)
    check_image(path, header)
    return int(header.Rows), int(header.Columns)


def image_header(path: Path) -> 'Dataset | None':
    """Read the header of an image, without its pixels.

    Args:
        path: The file.

    Returns:
        The header; None where the file is not DICOM.

    Raises:
        RadiographError: If it cannot be read, or is not one grey image.
        MissingExtraError: If pydicom is not installed.
    """
    try:
        with path.open('rb') as file:
            if not is_dicom(path, file.read(MAGIC.stop)):
                return None
            file.seek(0)
            header = parse_header(path, file, pixels=False)
    except OSError as error:
        problem = f'the image cannot be read ({error.strerror or error})'
        remedy = 'Check that the file exists and that you may read it'
        raise RadiographError.at(path, problem, remedy) from error
    check_image(path, header)
    return header


@contextmanager
def damage_in(path: str | Path, what: str) -> Iterator[None]:
    """Turn whatever pydicom raises for damaged bytes into a clear error.

    Args:
        path: The file.
        what: The part of it that is read meanwhile, for the message.

    Raises:
        RadiographError: In place of every other error.
    """
    try:
        yield
    except (HandboneError, MemoryError):
        raise
    except Exception as error:  # pydicom raises whatever damaged bytes lead it to
        raise RadiographError.at(
            path, f'{what} is truncated or damaged ({reason(error)})', COPY_AGAIN
        ) from error


def parse_header(path: str | Path, file: BinaryIO, pixels: bool = True) -> 'Dataset':
    """Parse a DICOM file, with or without preamble.

    Args:
        path: The file, for messages.
        file: The open file, at its beginning.
        pixels: Read the pixels too. Without them, long elements are there, but have no values.

    Returns:
        The data set; its ``file_meta`` has a transfer syntax.

    Raises:
        RadiographError: If it is not DICOM or damaged, or deflated and not one grey image.
        MissingExtraError: If pydicom is not installed.
    """
    pydicom = import_extra('pydicom', 'dicom')
    check_length(path, file)
    with damage_in(path, 'the DICOM file'):
        # files without preamble are common in archives; other files have none of these elements
        deflated = open_deflated(path, file)
        if deflated is None:
            file.seek(0)
            header = pydicom.filereader.read_partial(
                file, _at_padding, defer_size=None if pixels else LONG, force=True
            )
        else:
            header = deflated.header
        if 'SOPClassUID' not in header and 'Rows' not in header:
            raise RadiographError.at(
                path,
                'the file is not DICOM or cut off in its header',
                f'{COPY_AGAIN}, or leave it out',
            )
        if 'TransferSyntaxUID' not in getattr(header, 'file_meta', {}):
            # without the group that tells it, as in files without preamble: as it has been read
            meta = getattr(header, 'file_meta', None) or pydicom.dataset.FileMetaDataset()
            implicit, little = header.original_encoding
            meta.TransferSyntaxUID = {
                (True, True): pydicom.uid.ImplicitVRLittleEndian,
                (False, True): pydicom.uid.ExplicitVRLittleEndian,
                (False, False): pydicom.uid.ExplicitVRBigEndian,
            }[bool(implicit), bool(little)]
            header.file_meta = meta
        if deflated is not None and pixels:
            check_image(path, header)
            deflated.read_pixels()
        if deflated is None:
            _check_end(path, header, file)
    return header


def _at_padding(tag: int, representation: str | None, length: int) -> bool:
    """Tell where nothing but zeros follows on a data set, however many there are."""
    return tag == 0 and length == 0


def check_image(path: str | Path, header: 'Dataset') -> None:
    """Refuse what is not one grey image.

    Args:
        path: The file, for messages.
        header: Its data set, with or without the pixels' values.

    Raises:
        RadiographError: If there is no image, or a segmentation, several frames, colours, or a size
            that no network takes.
    """
    with damage_in(path, 'the DICOM header'):
        if header.get('SOPClassUID') in SEGMENTATIONS:
            # one segment alone has one frame of grey values
            raise RadiographError.at(
                path, 'the DICOM file is a segmentation and no radiograph', 'Leave it out'
            )
        _check_pixels(path, header)
        _check_colors(path, header)
        check_declared_size(path, int(header.Rows), int(header.Columns))


def first_value(header: 'Dataset', keyword: str) -> Any:
    """Take the first value of an element that may have several.

    Args:
        header: The data set.
        keyword: Keyword of the element.

    Returns:
        The value, ``None`` where the element is absent, empty or not readable.
    """
    try:
        value = header.get(keyword)
        many = value is not None and not isinstance(value, (str, bytes, int, float))
        value = (value[0] if len(value) else None) if many else value
    except Exception:  # pydicom raises whatever damaged bytes lead it to
        return None
    return None if isinstance(value, str) and not value.strip() else value


def pixel_spacing(header: 'Dataset') -> tuple[float, float] | None:
    """Read height and width of a pixel: at the bone where calibrated, else at the detector.

    Args:
        header: The data set.

    Returns:
        Height and width in mm, ``None`` where the file does not tell.
    """
    found = (spacing_element(header, keyword) for keyword in SPACINGS)
    return next((each for each in found if each is not None), None)


def spacing_element(header: 'Dataset', keyword: str) -> tuple[float, float] | None:
    """Read an element that holds height and width of a pixel.

    Args:
        header: The data set.
        keyword: Name of the element.

    Returns:
        Height and width in mm; ``None`` where the element is absent, damaged or not positive.
    """
    try:
        height, width = map(float, header.get(keyword) or ())
    except Exception:  # absent, one number, numbers with a comma, or damaged
        return None
    positive = min(height, width) > 0 and np.isfinite((height, width)).all()
    return (height, width) if positive else None


def _check_end(path: str | Path, header: 'Dataset', file: BinaryIO) -> None:
    """Refuse a file that ends within its pixels."""
    size = file.seek(0, io.SEEK_END)
    for keyword in PIXELS:
        element: Any = header.get_item(keyword, keep_deferred=True) if keyword in header else None
        # pixels in fragments have no length, and their end was looked for
        length = getattr(element, 'length', UNKNOWN_LENGTH)
        missing = 0 if length == UNKNOWN_LENGTH else element.value_tell + length - size
        if missing > 0:
            raise RadiographError.at(
                path,
                f'the DICOM file is truncated ({counted(missing, "byte is", "bytes are")} missing)',
                COPY_AGAIN,
            )


def _check_pixels(path: str | Path, header: 'Dataset') -> None:
    if not any(keyword in header for keyword in PIXELS):
        kind = reason(getattr(header.get('SOPClassUID'), 'name', 'no image'))
        if 'Rows' in header or 'Image' in kind:
            raise RadiographError.at(
                path, f'the DICOM file ({kind}) has no pixels; it may be truncated', COPY_AGAIN
            )
        raise RadiographError.at(path, f'the DICOM file holds no image ({kind})', 'Leave it out')
    check_frames(path, int(header.get('NumberOfFrames') or 1))


def check_frames(path: str | Path, frames: int) -> None:
    """Refuse several frames.

    Args:
        path: The file, for messages.
        frames: Number of frames.

    Raises:
        RadiographError: If there is more than one.
    """
    if frames > 1:
        raise RadiographError.at(
            path,
            f'the DICOM file has {counted(frames, "frame")}',
            'Save the frame to be read as its own file',
        )


def _check_colors(path: str | Path, header: 'Dataset') -> None:
    photometric = header.get('PhotometricInterpretation')
    samples = header.get('SamplesPerPixel', 1)
    if photometric in GRAY and samples == 1:
        return
    if photometric in GRAY or photometric is None:
        problem = (
            f'the DICOM file has {reason(samples)} samples per pixel and the photometric '
            f'interpretation {reason(photometric)}, which contradict each other'
        )
    else:
        problem = f'the DICOM file is a colour image or unknown ({reason(photometric)})'
    raise RadiographError.at(path, problem, 'Radiographs are MONOCHROME1 or MONOCHROME2')
