"""Grey values of DICOM files: rescaling, lookup tables, windows and padding."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import counted

from .dicom_format import first_value
from .errors import COPY_AGAIN, RadiographError, reason
from .window import Window, apply_window, window_ends

if TYPE_CHECKING:
    from pydicom import Dataset

#: What the keywords of the elements that say which pixels are padding begin with, by pixel type.
FLOAT_PREFIXES = {'float32': 'Float', 'float64': 'DoubleFloat'}
MAX_ENTRIES = 2**16  # of a lookup table
LOOKUP_BITS = range(8, 17)
MAX_GREY = 1e9  # beyond it no rescaled value or window of a radiograph lies


def grey_values(
    path: str | Path, header: 'Dataset', pixels: np.ndarray, window: Window
) -> np.ndarray:
    """Bring stored pixels to grey values, bone brighter than air and padding black.

    Args:
        path: The file, for messages.
        header: Its data set.
        pixels: (H, W), as stored.
        window: As :func:`handbone.radiographs.read_radiograph` takes it.

    Returns:
        (H, W), uint8 or float32 from 0 to 255.

    Raises:
        RadiographError: If rescaling or lookup tables make no sense.
    """
    padding = padding_mask(header, pixels)
    if padding is not None and padding.all():
        return np.zeros(pixels.shape, np.uint8)
    values = _rescaled(path, header, pixels)
    shown = values if padding is None else values[~padding]
    if values.dtype.kind == 'f' and not np.abs(shown).max() < MAX_GREY:
        raise RadiographError.at(
            path, 'it has pixels that are NaN, infinite or far from any grey value', COPY_AGAIN
        )
    image = _windowed(path, header, values, shown, window)
    if header.PhotometricInterpretation == 'MONOCHROME1':
        image = 255 - image
    if padding is not None:
        image = np.where(padding, image.dtype.type(0), image)
    return image


def padding_mask(header: 'Dataset', pixels: np.ndarray) -> np.ndarray | None:
    """Find the pixels that the file says are not part of the image.

    Args:
        header: The data set.
        pixels: (H, W), as stored.

    Returns:
        bool (H, W), ``None`` where there are none.
    """
    prefix = FLOAT_PREFIXES.get(pixels.dtype.name, '')
    value, limit = (
        _stored_value(header, f'{prefix}PixelPadding{end}', pixels.dtype)
        for end in ('Value', 'RangeLimit')
    )
    if value is None:
        return None
    if limit is None:
        mask = pixels == value
    else:
        mask = (pixels >= min(value, limit)) & (pixels <= max(value, limit))
    return mask if mask.any() else None


def _stored_value(header: 'Dataset', keyword: str, dtype: np.dtype) -> float | None:
    """Read a value as pixels hold it, whose unused bits pydicom clears or fills with the sign."""
    value = first_value(header, keyword)
    if isinstance(value, bytes) and len(value) in (2, 4):  # in files of unknown representation
        value = int.from_bytes(value, 'little')
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if dtype.kind == 'f':
        return float(value) if math.isfinite(value) else None
    bits = int(first_value(header, 'BitsStored') or 8 * dtype.itemsize)
    value = int(value) % 2**bits
    return value - 2**bits if dtype.kind == 'i' and value >= 2 ** (bits - 1) else value


def _rescaled(path: str | Path, header: 'Dataset', pixels: np.ndarray) -> np.ndarray:
    """Apply the modality LUT, or slope and intercept."""
    if header.get('ModalityLUTSequence'):
        return _look_up(path, header, header.ModalityLUTSequence[0], pixels)[0]
    slope = _factor(path, header, 'RescaleSlope', 1)
    intercept = _factor(path, header, 'RescaleIntercept', 0)
    if (slope, intercept) == (1, 0):
        return pixels
    return pixels.astype(np.float64) * slope + intercept


def _factor(path: str | Path, header: 'Dataset', keyword: str, default: float) -> float:
    value = header.get(keyword)
    try:
        factor = default if value is None else float(value)
    except (TypeError, ValueError):
        factor = math.nan
    if not abs(factor) < MAX_GREY or (keyword == 'RescaleSlope' and factor == 0):
        raise RadiographError.at(
            path, f'its {keyword} ({reason(value)}) makes no sense', COPY_AGAIN
        )
    return factor


def _windowed(
    path: str | Path, header: 'Dataset', values: np.ndarray, shown: np.ndarray, window: Window
) -> np.ndarray:
    """Apply the window; ``shown`` are the values that are not padding."""
    if window == 'file' and header.get('VOILUTSequence'):
        looked_up, bits = _look_up(path, header, header.VOILUTSequence[0], values)
        return apply_window(looked_up, (0, 2**bits - 1))
    if window == 'file':
        windowed = _file_window(header, values, shown)
        if windowed is not None:
            return windowed
    if values.dtype == np.uint8 and first_value(header, 'BitsStored') in (8, None):
        return values
    return apply_window(values, window_ends(shown, window))


def _look_up(
    path: str | Path, header: 'Dataset', table: 'Dataset', values: np.ndarray
) -> tuple[np.ndarray, int]:
    """Apply a lookup table, as DICOM PS3.3 C.11.1 and C.11.2 define them; with the bits it has."""
    entries, first, bits = map(int, table.LUTDescriptor)
    entries = entries or MAX_ENTRIES
    data = table.LUTData
    if isinstance(data, bytes):
        order = '<' if header.file_meta.TransferSyntaxUID.is_little_endian else '>'
        # tables of 8 bits may be packed
        packed = bits == 8 and len(data) < 2 * entries
        data = np.frombuffer(data, np.uint8 if packed else f'{order}u2', len(data) // (2 - packed))
    data = np.asarray(data)
    if len(data) < entries or bits not in LOOKUP_BITS:
        raise RadiographError.at(
            path,
            f'a lookup table has {counted(len(data), "value")} where it says {entries} of {bits} '
            'bits',
            COPY_AGAIN,
        )
    places = (values.astype(np.float64) - first).clip(0, entries - 1).astype(np.int64)
    return data[places], bits


def _file_window(header: 'Dataset', values: np.ndarray, shown: np.ndarray) -> np.ndarray | None:
    """Apply the first window, as DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 define its functions.

    A window that is not valid, or in which all values are black or all are white, says nothing.
    """
    function = first_value(header, 'VOILUTFunction') or 'LINEAR'
    try:
        center, width = (float(first_value(header, key)) for key in ('WindowCenter', 'WindowWidth'))
    except (TypeError, ValueError):  # absent or not numbers
        return None
    if function == 'LINEAR':
        center, width = center - 0.5, width - 1
    if not (0 < width < MAX_GREY and abs(center) < MAX_GREY):
        return None
    low, high = center - width / 2, center + width / 2
    if shown.max() <= low or shown.min() >= high:
        return None
    if function == 'SIGMOID':
        exponents = (values.astype(np.float32) - center) * (-4 / width)
        return 255 / (1 + np.exp(np.minimum(exponents, 80)))
    return apply_window(values, (low, high))
