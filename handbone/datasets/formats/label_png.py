"""Label PNGs that keep overlaps: the packed map itself, losslessly, in two colour channels.

Red holds bits 0 to 15 of the packed code, green bits 16 to 31, blue is 0: class ``c`` is there
where bit ``c`` of ``red + 65536 * green`` is set, and bit 31 means "ignore". There is no alpha
channel, because programs may drop the colours of what is transparent. More than 31 classes take
several planes, one below the other: the picture is P times as high, and class ``c`` is bit
``c % 31`` of plane ``c // 31``. The class names are in a text chunk, ``handbone classes``.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from handbone.errors import HandboneError
from handbone.masks import num_planes
from handbone.masks.packed import check_planes, planes_of
from handbone.structure import check_structure, parse_json

#: Channels in OpenCV's order: blue, green, red.
GREEN, RED = 1, 2
#: Keyword of the text that holds the class names, as a JSON list.
KEYWORD = b'handbone classes'
#: Bytes of a PNG's signature and of its first chunk, IHDR.
HEADER_END = 33
#: Bytes that surely hold the class names.
LONGEST_BEGINNING = 2**20
#: A third of the time and size of OpenCV's defaults: rows of a label map are like the rows above.
#: The compression comes first, as it sets the others back.
ENCODING: tuple[int, ...] = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
)
if hasattr(cv2, 'IMWRITE_PNG_FILTER'):  # OpenCV 4.10 chooses filters row by row
    ENCODING += (cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)


def encode_label_png(packed: np.ndarray, classes: Sequence[str]) -> bytes:
    """Write a packed map as a PNG of RGB with 16 bits.

    Args:
        packed: Packed map, int32, (H, W) or (H, W, P).
        classes: Names in bit order.

    Returns:
        The content of the file.

    Raises:
        HandboneError: The map does not fit the number of classes, or no PNG can be that large.
    """
    check_planes(packed, len(classes))
    codes = np.concatenate(list(planes_of(packed))).astype('<i4', copy=False)
    halves = codes.view('<u2').reshape(*codes.shape, 2)
    picture = np.zeros((*codes.shape, 3), np.uint16)
    picture[..., RED], picture[..., GREEN] = halves[..., 0], halves[..., 1]
    encoded, content = cv2.imencode('.png', picture, ENCODING)
    if not encoded:
        raise HandboneError(f'OpenCV cannot encode a PNG of shape {picture.shape}')
    data = content.tobytes()
    names = json.dumps(list(classes)).encode('ascii')
    return data[:HEADER_END] + _chunk(b'tEXt', KEYWORD + b'\0' + names) + data[HEADER_END:]


def read_label_png(path: str | Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read what :func:`encode_label_png` wrote.

    Args:
        path: The PNG.

    Returns:
        The packed map, int32, (H, W) for up to 31 classes, else (H, W, P), and the class names in
        class order.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not such a PNG.
    """
    data = Path(path).read_bytes()
    classes = _class_names(data, path)
    picture = _decode(data) if classes else None
    if picture is None or len(picture) % num_planes(len(classes)):
        raise HandboneError(
            f'{path} is not a label PNG of handbone (RGB of 16 bits with a text chunk that names '
            'the classes), or another program saved it again. Write it again.'
        )
    green, red = (picture[..., channel].astype(np.uint32) for channel in (GREEN, RED))
    codes = green << 16 | red
    planes = np.split(codes.view(np.int32), num_planes(len(classes)))
    return (planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)), classes


def _decode(data: bytes) -> np.ndarray | None:
    """Decode a PNG with three channels of 16 bits; None if it is anything else."""
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # a size beyond OpenCV's limits
        return None
    fits = picture is not None and picture.dtype == np.uint16 and picture.shape[2:] == (3,)
    return picture if fits else None


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Make a chunk of a PNG: length, kind, content, checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', checksum)


def label_png_classes(path: str | Path) -> tuple[str, ...]:
    """Read the class names of a label PNG from its beginning.

    Args:
        path: The PNG.

    Returns:
        Names in bit order; none if it is no label PNG.

    Raises:
        OSError: If it cannot be read.
        HandboneError: If the names are damaged.
    """
    with Path(path).open('rb') as file:
        return _class_names(file.read(LONGEST_BEGINNING), path)


def _class_names(data: bytes, path: str | Path) -> tuple[str, ...]:
    """Read the names from the chunk behind the header, empty if it is not there."""
    start = HEADER_END + 8
    text = data[start : start + int.from_bytes(data[HEADER_END : HEADER_END + 4], 'big')]
    keyword, _, names = text.partition(b'\0')
    if keyword != KEYWORD:
        return ()
    place = f'{path}: the list of classes in the text chunk'
    classes = parse_json(names, place)
    check_structure(classes, [str], place)
    return tuple(classes)
