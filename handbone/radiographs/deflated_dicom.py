"""DICOM files that are deflated as a whole, inflated no further than needed.

pydicom inflates such a file at once, and a few hundred kilobytes may become gigabytes.
"""

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from handbone.extras import import_extra

from .errors import RadiographError
from .picture_header import MAX_PIXELS

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

MAX_HEADER = 2**24  # bytes of all elements but the pixels
MAX_PIXEL_BYTES = 8  # per pixel: DICOM knows pixels of up to 64 bits
STEP = 2**16  # bytes that are inflated at a time
START = 132  # bytes of the preamble with DICM at its end
PIXEL_GROUP = 0x7FE0


class InflatedFile:
    """The inflated content of a file, of which only what has been read exists.

    Args:
        path: The file, for messages.
        file: The open file, at the beginning of the deflated content.
    """

    def __init__(self, path: str | Path, file: BinaryIO) -> None:
        self.limit = MAX_HEADER
        self._path = path
        self._file = file
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._content = io.BytesIO()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """Read bytes, fewer where the content ends.

        Args:
            size: How many; all of the rest if negative.

        Returns:
            The bytes.

        Raises:
            RadiographError: If the content is longer than the limit.
            zlib.error: If it is damaged.
        """
        self._inflate(None if size < 0 else self.tell() + size)
        return self._content.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place counted from the start or from the present place."""
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        """Return the present place."""
        return self._content.tell()

    def _inflate(self, end: int | None) -> None:
        place = self.tell()
        self._content.seek(self._size)
        while not self._inflater.eof and (end is None or self._size < end):
            deflated = self._inflater.unconsumed_tail or self._file.read(STEP)
            piece = self._inflater.decompress(deflated, STEP)
            if not deflated and not piece:
                raise zlib.error('the deflated data is cut off')
            self._size += self._content.write(piece)
            if self._size > self.limit:
                raise RadiographError.at(
                    self._path,
                    f'its deflated data is longer than the {self.limit} bytes that an image of '
                    'its size can have',
                    'Leave it out',
                )
        self._content.seek(place)


class DeflatedDicom:
    """A deflated file whose elements before the pixels have been read.

    Args:
        path: The file, for messages.
        file: The open file, at the beginning of the deflated content.
        meta: Its file meta information.

    Attributes:
        header: The data set; the pixels are empty until :meth:`read_pixels`.
    """

    def __init__(self, path: str | Path, file: BinaryIO, meta: 'Dataset') -> None:
        pydicom = import_extra('pydicom', 'dicom')
        self._read = pydicom.filereader.read_dataset
        self._content = InflatedFile(path, file)
        self._pixels: list[BaseTag] = []  # the tag that ended the header, if it was of pixels
        read = self._read(self._content, False, True, stop_when=self._at_pixels)
        meta = pydicom.dataset.FileMetaDataset(meta)
        self.header = pydicom.FileDataset(io.BytesIO(), read, None, meta, False, True)
        self.header.set_original_encoding(False, True, read._character_set)
        for tag in self._pixels:
            self.header.add_new(tag, 'OW', b'')

    def read_pixels(self) -> None:
        """Read the rest of the file: no more than pixels of the declared size and a header."""
        pixels = min(int(self.header.Rows) * int(self.header.Columns), MAX_PIXELS)
        self._content.limit = 2 * MAX_HEADER + MAX_PIXEL_BYTES * pixels
        self.header.update(self._read(self._content, False, True))

    def _at_pixels(self, tag: 'BaseTag', representation: str | None, length: int) -> bool:
        if tag.group < PIXEL_GROUP:
            return False
        if tag.group == PIXEL_GROUP:
            self._pixels.append(tag)
        return True


def open_deflated(path: str | Path, file: BinaryIO) -> DeflatedDicom | None:
    """Read the elements before the pixels of a DICOM file that is deflated.

    Args:
        path: The file, for messages.
        file: The open file, at its beginning.

    Returns:
        The file; None if it is not deflated.

    Raises:
        RadiographError: If these elements are longer than those of any image.
        MissingExtraError: If pydicom is not installed.
    """
    pydicom = import_extra('pydicom', 'dicom')
    if not file.read(START).endswith(b'DICM'):
        file.seek(0)
    meta = pydicom.filereader.read_dataset(
        file, False, True, stop_when=lambda tag, representation, length: tag.group != 2
    )
    if meta.get('TransferSyntaxUID') != pydicom.uid.DeflatedExplicitVRLittleEndian:
        return None
    return DeflatedDicom(path, file, meta)
