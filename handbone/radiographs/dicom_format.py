"""Radiographs in DICOM files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handbone.extras import import_extra

from .errors import COPY_AGAIN, RadiographError
from .window import Window, apply_window

if TYPE_CHECKING:
    from pydicom import Dataset

SUFFIXES = ('.dcm', '.dicom')
MAGIC = slice(128, 132)  # where the preamble ends in DICM
GRAY = ('MONOCHROME1', 'MONOCHROME2')
SPACINGS = ('PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing')
PIXELS = ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')
VOI_WINDOW = ('WindowCenter', 'WindowWidth')
ABSENT = (None, '')
#: What pydicom raises for elements with other values than DICOM has there.
UNDECODABLE = (ValueError, AttributeError, TypeError, KeyError, IndexError)


def is_dicom(path: str | Path, start: bytes) -> bool:
    """Tell a DICOM file by its preamble, or else by its suffix.

    Args:
        path: The file.
        start: Its first 132 bytes or more.

    Returns:
        Whether to read it as DICOM.
    """
    return start[MAGIC] == b'DICM' or Path(path).suffix.lower() in SUFFIXES


def decode_dicom(
    path: str | Path, data: bytes, window: Window = 'file'
) -> tuple[np.ndarray, tuple[float, float] | None, 'Dataset']:
    """Decode a radiograph of one frame: rescaled, windowed, bone brighter than air.

    8-bit values without rescaling and window stay as they are. The order of the steps is that of
    DICOM PS3.3 C.11 and PS3.4 N.2: modality LUT or rescale slope and intercept, VOI LUT or window,
    and MONOCHROME1 inverted last.

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
        RadiographError: If it is no DICOM file or truncated, or holds no image, several frames,
            colours, or pixels of an encoding that cannot be decoded.
        MissingExtraError: If pydicom is not installed.
    """
    header = _parse(path, io.BytesIO(data))
    _check_image(path, header)
    try:
        pixels = header.pixel_array
        image = _grey_values(header, pixels, window)
    except (*UNDECODABLE, RuntimeError, NotImplementedError, EOFError) as error:
        raise _undecodable(path, header, error) from error
    for keyword in PIXELS:
        if keyword in header:
            del header[keyword]
    header._pixel_array = None  # pydicom keeps the decoded pixels with the header
    return image, _spacing(header), header


def image_size(path: Path) -> tuple[int, int]:
    """Read height and width from a DICOM header, and pass over the pixels.

    Args:
        path: The file.

    Returns:
        Height and width in pixels.

    Raises:
        RadiographError: If it is no DICOM file or holds no image that :func:`decode_dicom` takes.
        MissingExtraError: If pydicom is not installed.
    """
    header = _parse(path, str(path), defer_size=1024)
    _check_image(path, header)
    return int(header.Rows), int(header.Columns)


def _parse(path: str | Path, source: io.BytesIO | str, **options: int) -> 'Dataset':
    pydicom = import_extra('pydicom', 'dicom')
    try:
        # files without preamble are common in archives; what is no DICOM has none of the elements
        header = pydicom.dcmread(source, force=True, **options)
        known = 'SOPClassUID' in header or 'Rows' in header
    except Exception as error:  # the parser raises whatever random bytes lead it to
        raise RadiographError.at(
            path, f'the DICOM file is truncated or damaged ({error})', COPY_AGAIN
        ) from error
    if known and 'TransferSyntaxUID' not in getattr(header, 'file_meta', {}):
        # without the group that tells it, as in files without preamble: as it has been read
        header.file_meta = getattr(header, 'file_meta', None) or pydicom.dataset.FileMetaDataset()
        implicit, little = header.original_encoding
        header.file_meta.TransferSyntaxUID = {
            (True, True): pydicom.uid.ImplicitVRLittleEndian,
            (False, True): pydicom.uid.ExplicitVRLittleEndian,
            (False, False): pydicom.uid.ExplicitVRBigEndian,
        }[bool(implicit), bool(little)]
    if not known:
        raise RadiographError.at(
            path, 'the file is not DICOM or cut off in its header', f'{COPY_AGAIN}, or leave it out'
        )
    return header


def _check_image(path: str | Path, header: 'Dataset') -> None:
    """Refuse what is not one grey image."""
    if not any(keyword in header for keyword in PIXELS):
        kind = getattr(header.get('SOPClassUID'), 'name', 'no image')
        if 'Rows' in header or 'Image' in kind:
            raise RadiographError.at(
                path, f'the DICOM file ({kind}) has no pixels; it may be truncated', COPY_AGAIN
            )
        raise RadiographError.at(path, f'the DICOM file holds no image ({kind})', 'Leave it out')
    frames = header.get('NumberOfFrames') or 1
    if frames > 1:
        raise RadiographError.at(
            path, f'the DICOM file has {frames} frames', 'Save the frame to be read as its own file'
        )
    photometric = header.get('PhotometricInterpretation')
    samples = header.get('SamplesPerPixel', 1)
    if photometric in GRAY and samples == 1:
        return
    if photometric in GRAY or photometric is None:
        problem = (
            f'the DICOM file has {samples} samples a pixel and the photometric interpretation '
            f'{photometric}, which contradict each other'
        )
    else:
        problem = f'the DICOM file is a colour image or unknown ({photometric})'
    raise RadiographError.at(path, problem, 'Radiographs are MONOCHROME1 or MONOCHROME2')


def _grey_values(header: 'Dataset', pixels: np.ndarray, window: Window) -> np.ndarray:
    processing = import_extra('pydicom.pixels', 'dicom')
    values = pixels
    slope, intercept = header.get('RescaleSlope'), header.get('RescaleIntercept')
    if 'ModalityLUTSequence' in header or (slope or 1, intercept or 0) != (1, 0):
        values = processing.apply_modality_lut(pixels, header)
    if window == 'file' and header.get('VOILUTSequence'):
        image = _voi_lut(processing, header, values)
    elif window == 'file' and all(_value(header, key) not in ABSENT for key in VOI_WINDOW):
        image = _voi_window(header, values)
    elif values.dtype == np.uint8:
        image = values
    else:
        image = apply_window(values, window)
    inverted = header.PhotometricInterpretation == 'MONOCHROME1'
    return 255 - image if inverted else image


def _voi_lut(processing: Any, header: 'Dataset', values: np.ndarray) -> np.ndarray:
    bits = header.VOILUTSequence[0].LUTDescriptor[2]
    looked_up = processing.apply_voi(values, header)
    return apply_window(looked_up, (0, 2 ** int(bits) - 1))


def _voi_window(header: 'Dataset', values: np.ndarray) -> np.ndarray:
    """Apply the first window, as DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 define its functions."""
    center, width = (float(_value(header, key)) for key in VOI_WINDOW)
    function = header.get('VOILUTFunction') or 'LINEAR'
    if function == 'SIGMOID':
        values = (values.astype(np.float32) - center) * (-4 / width)
        return 255 / (1 + np.exp(values))
    if function == 'LINEAR':
        center, width = center - 0.5, width - 1
    return apply_window(values, (center - width / 2, center + width / 2))


def _value(header: 'Dataset', keyword: str) -> Any:
    """Take the first value of an element that may have several; None if it is absent or empty."""
    value = header.get(keyword)
    many = value is not None and not isinstance(value, (str, int, float))
    return (value[0] if len(value) else None) if many else value


def _spacing(header: 'Dataset') -> tuple[float, float] | None:
    """Height and width of a pixel: at the bone where calibrated, else at the detector."""
    for keyword in SPACINGS:
        try:
            height, width = map(float, header.get(keyword) or ())
        except UNDECODABLE:  # absent, one number, or numbers with a comma
            continue
        if min(height, width) > 0:
            return height, width
    return None


def _undecodable(path: str | Path, header: 'Dataset', error: Exception) -> RadiographError:
    text = ' '.join(str(error).split())
    syntax = getattr(header.file_meta, 'TransferSyntaxUID', None)
    name = getattr(syntax, 'name', 'unknown')
    if 'missing dependencies' in text or 'plugin' in text and 'missing' in text:
        return RadiographError.at(
            path,
            f'nothing is installed that decodes its pixels ({name})',
            'pip install "handbone[dicom]"',
        )
    return RadiographError.at(
        path, f'its pixels ({name}) are truncated or damaged ({text})', COPY_AGAIN
    )
