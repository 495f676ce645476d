"""Whether the file of a picture is cut off, told without decoding it."""

import io
import re
import struct
import sys
from collections.abc import Callable, Mapping
from typing import BinaryIO

from PIL import Image

JPEG_SIGNATURE, JPEG_END = b'\xff\xd8', b'\xff\xd9'
#: Marker within the compressed data of a JPEG: neither a stuffed byte nor a restart.
JPEG_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')
#: Bytes at the end of a JPEG 2000 in which its end marker is; boxes of metadata may follow on it.
JPEG2000_TAIL = 2**16

GIF_SCREEN, GIF_PICTURE, GIF_EXTENSION, GIF_END = 10, b',', b'!', b';'
#: Place of the size of the compressed pixels in a BMP.
BMP_PIXEL_BYTES = 34
#: Tags of the places and the sizes of what the pixels of a TIFF are divided into.
TIFF_STRIPS, TIFF_TILES = (273, 279), (324, 325)
BIG_TIFF = 43


def missing_part(file: BinaryIO, image: Image.Image, kind: str) -> str:
    """Find out what a file that was cut off lacks.

    A PNG and a WebP show it in their headers, and a plain PNM only when it is decoded.

    Args:
        file: The file; its position stays as it is.
        image: The same, opened by Pillow and not decoded.
        kind: Its format.

    Returns:
        What is missing, such as 'end marker'; nothing for a file that is whole.
    """
    position = file.tell()
    try:
        if kind in MARKED:
            return '' if MARKED[kind](file) else 'end marker'
        needed = ENDS[kind](file, image) if kind in ENDS else 0
        return 'end' if file.seek(0, io.SEEK_END) < needed else ''
    finally:
        file.seek(position)


def ends_in(file: BinaryIO, end: bytes) -> bool:
    """Look at the last bytes of a file, and leave the position as it is.

    Args:
        file: The file.
        end: The bytes.

    Returns:
        Whether it ends in them.
    """
    position = file.tell()
    last = _last(file, len(end))
    file.seek(position)
    return last == end


def _last(file: BinaryIO, length: int) -> bytes:
    file.seek(max(file.seek(0, io.SEEK_END) - length, 0))
    return file.read()


def _jpeg_ends(file: BinaryIO) -> bool:
    """Find the end marker of a JPEG, whatever follows on it and whatever thumbnails it has."""
    if ends_in(file, JPEG_END):
        return True
    file.seek(0)
    data = file.read()
    found = JPEG_MARKER.search(data, len(JPEG_SIGNATURE))
    while found and found.group() != JPEG_END:
        length = int.from_bytes(data[found.end() : found.end() + 2])
        found = JPEG_MARKER.search(data, found.end() + length)
    return found is not None


def _jpeg2000_ends(file: BinaryIO) -> bool:
    return JPEG_END in _last(file, JPEG2000_TAIL)


def _gif_ends(file: BinaryIO) -> bool:
    """Walk through the blocks of a GIF."""
    file.seek(GIF_SCREEN)
    _pass_gif_colors(file, file.read(3)[0])
    while (kind := file.read(1)) not in (b'', GIF_END):
        if kind == GIF_PICTURE:
            _pass_gif_colors(file, file.read(9).ljust(9)[-1])
        if kind in (GIF_PICTURE, GIF_EXTENSION):
            file.seek(1, io.SEEK_CUR)  # the size of codes, or the kind of the extension
            while (length := file.read(1)) not in (b'', b'\0'):
                file.seek(length[0], io.SEEK_CUR)
    return kind == GIF_END


def _pass_gif_colors(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, io.SEEK_CUR)


def _bmp_end(file: BinaryIO, image: Image.Image) -> int:
    codec, _, start, settings = image.tile[0]  # type: ignore[attr-defined]
    if codec == 'raw':
        return start + int(settings[1]) * image.height
    file.seek(BMP_PIXEL_BYTES)
    return start + int.from_bytes(file.read(4), 'little')


def _pnm_end(file: BinaryIO, image: Image.Image) -> int:
    codec, _, start, settings = image.tile[0]  # type: ignore[attr-defined]
    if codec == 'ppm_plain':
        return 0
    if image.mode == '1':
        return start + (image.width + 7) // 8 * image.height
    wide = settings == 'I;16B' or (codec == 'ppm' and settings[1] > 255)
    return start + image.width * image.height * len(image.getbands()) * (1 + wide)


def _tiff_end(file: BinaryIO, image: Image.Image) -> int:
    """Find the end of the pixels or of the directory, whichever comes later."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    listed, end = _tiff_directory(file)
    for places, sizes in (TIFF_STRIPS, TIFF_TILES):
        if places not in listed:
            continue
        if places not in tags or (sizes in listed and sizes not in tags):
            return sys.maxsize  # Pillow drops what it cannot read
        # old files may lack the sizes
        end = max(end, *map(sum, zip(tags[places], tags.get(sizes, ()), strict=False)), 0)
    return end


def _tiff_directory(file: BinaryIO) -> tuple[set[int], int]:
    """List the tags of the first directory, and find its end."""
    file.seek(0)
    order = '<' if file.read(2) == b'II' else '>'
    big = _number(file, f'{order}H') == BIG_TIFF
    place, count, entry, rest = ('4xQ', 'Q', 'H18x', 8) if big else ('I', 'H', 'H10x', 4)
    file.seek(_number(file, order + place))
    tags = {_number(file, order + entry) for _ in range(_number(file, order + count))}
    # behind the entries is the place of the next directory
    return tags, file.tell() + rest


def _number(file: BinaryIO, structure: str) -> int:
    (number,) = struct.unpack(structure, file.read(struct.calcsize(structure)))
    return int(number)


#: Finds the end marker of a format that has one.
MARKED: Mapping[str, Callable[[BinaryIO], bool]] = {
    'JPEG': _jpeg_ends,
    'JPEG2000': _jpeg2000_ends,
    'GIF': _gif_ends,
}
#: Bytes that a file has at least, by format.
ENDS: Mapping[str, Callable[[BinaryIO, Image.Image], int]] = {
    'BMP': _bmp_end,
    'PPM': _pnm_end,
    'TIFF': _tiff_end,
}
