"""The resolutions that a file of a section holds."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from handbone.extras import import_extra
from handbone.radiographs import RadiographError
from handbone.radiographs.errors import COPY_AGAIN, reason
from handbone.radiographs.picture_formats import decode_picture
from handbone.radiographs.picture_header import check_length

from .tiff_level import TiffLevel

if TYPE_CHECKING:
    from tifffile import TiffPage

#: How TIFF and BigTIFF begin, in both orders of bytes.
TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
#: Photometric interpretations of colours.
RGB, YCBCR = 2, 6
#: Compressions that YCbCr is converted to RGB with when it is decoded.
JPEG = (6, 7, 33007, 34892)
#: Aperio's JPEG 2000 of YCbCr, whatever the photometric interpretation is.
APERIO_YCBCR = 33003
UPRIGHT = 1
#: Decoded pictures that a process keeps: the tiles of one follow each other.
KEPT_PICTURES = 2
ORIENTATION = 274
EXTRA = 'tissue'


class Level(Protocol):
    """An image at one resolution."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""

    def read(self, rows: slice, columns: slice) -> np.ndarray:
        """Read a rectangle within it: (height, width, 3) RGB, uint8."""


class DecodedPicture:
    """A picture of a format that has no parts, decoded as a whole.

    Args:
        path: The file.

    Raises:
        RadiographError: It is damaged, or no colour image of 8 bits.
    """

    def __init__(self, path: Path) -> None:
        self._key = path, path.stat().st_mtime_ns
        image = _decoded(*self._key)
        self.size: tuple[int, int] = (image.shape[0], image.shape[1])

    def read(self, rows: slice, columns: slice) -> np.ndarray:
        """Copy a rectangle: (height, width, 3) RGB, uint8."""
        return _decoded(*self._key)[rows, columns].copy()


@lru_cache(KEPT_PICTURES)
def _decoded(path: Path, changed: int) -> np.ndarray:
    with path.open('rb') as file:
        check_length(path, file)
        image, _ = decode_picture(path, file.read(), 'stored')
    check_color(path, image.ndim, image.dtype == np.uint8)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def open_levels(path: Path) -> list[Level]:
    """Open a file.

    Args:
        path: A TIFF or a picture of another format.

    Returns:
        Its resolutions, the full one first.

    Raises:
        RadiographError: It cannot be read, is cut off, or is no colour image of 8 bits.
        MissingExtraError: The extra ``tissue`` is not installed.
    """
    try:
        with path.open('rb') as file:
            is_tiff = file.read(4) in TIFF_STARTS
        return _tiff_levels(path) if is_tiff else [DecodedPicture(path)]
    except OSError as error:
        raise RadiographError.at(
            path,
            f'the image cannot be read ({error.strerror or error})',
            'Check that the file exists and that you may read it',
        ) from error


def check_color(path: Path, axes: int, eight_bits: bool) -> None:
    """Check that an image is a colour image of 8 bits.

    Args:
        path: The file, for the message.
        axes: Number of its axes: 3 with colours, 2 without.
        eight_bits: Whether its values have 8 bits.

    Raises:
        RadiographError: It is not.
    """
    if axes != 3:
        raise RadiographError.at(
            path,
            'the image is grey, but a tissue section has colours',
            'Save it as RGB, or read it with LoadRadiograph',
        )
    if not eight_bits:
        raise RadiographError.at(
            path, 'the colours of the image do not have 8 bits', 'Save it as RGB of 8 bits'
        )


def _tiff_levels(path: Path) -> list[Level]:
    tifffile = import_extra('tifffile', EXTRA)
    file_size = path.stat().st_size
    try:
        with tifffile.TiffFile(path) as tiff:
            levels = tiff.series[0].levels
            pages = [level.keyframe for level in levels]
            sequences = [len(level.pages) for level in levels]
            for page, count in zip(pages, sequences, strict=True):
                _check_page(path, page, count)
            return [TiffLevel(path, page, file_size) for page in pages]
    except (RadiographError, MemoryError, OSError):
        raise
    except Exception as error:  # tifffile raises whatever damaged bytes lead it to
        raise RadiographError.at(
            path, f'the header of the TIFF is damaged ({reason(error)})', COPY_AGAIN
        ) from error


def _check_page(path: Path, page: 'TiffPage', pages: int) -> None:
    """Refuse what is no colour image, or what would be shown otherwise than it is stored."""
    if pages > 1:
        raise RadiographError.at(
            path,
            f'its image is a stack of {pages} pages',
            'Save it as one page with red, green and blue in each pixel',
        )
    samples = page.samplesperpixel
    colored = samples in (3, 4) and page.photometric in (RGB, YCBCR)
    check_color(path, 3 if colored else 2, page.bitspersample == 8)
    converted = page.compression in JPEG and page.planarconfig == 1 and samples == 3
    if page.compression == APERIO_YCBCR or (page.photometric == YCBCR and not converted):
        raise RadiographError.at(
            path,
            'its colours are YCbCr outside of JPEG, which are not converted to red, green and blue',
            'Save it as RGB',
        )
    turned = page.tags.valueof(ORIENTATION, UPRIGHT)
    if turned != UPRIGHT:
        raise RadiographError.at(
            path,
            f'the TIFF is to be turned for display (orientation {turned})',
            'Save it upright',
        )
