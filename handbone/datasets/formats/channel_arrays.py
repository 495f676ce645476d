"""Arrays of NumPy with one channel per class, as in RAM-W600."""

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError, check_word, counted
from handbone.files import open_atomically
from handbone.masks import class_mask, empty
from handbone.masks.packed import add_to_class
from handbone.structure import one_line

from ..bad_files import BadFiles
from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .class_list import write_class_list
from .format_reader import Size
from .format_writer import FormatWriter
from .label_file_reader import Draw, LabelFileReader
from .two_values import check_threshold, mask_of_values

FOLDER = 'masks'
CHANNELS = ('first', 'last')
#: Bytes of an array that is unpacked as a whole.
MOST_BYTES = 2**31
#: Readers of the header of an array, by the version of the format.
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ChannelArraysReader(LabelFileReader):
    """Reads ``masks/NAME.npy`` or ``.npz`` of one channel per class; what is not 0 is the class.

    A channel has two values; others, as in a map of probabilities, are refused unless a threshold
    is given. The names are the lines of ``classes.txt``, or the chosen classes. Arrays are never
    unpickled.

    Args:
        source: A folder with the folder ``masks``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        channels: 'first' for (C, H, W), 'last' for (H, W, C).
        threshold: Pixels above it belong to the class; None allows two values only.

    Raises:
        HandboneError: ``channels`` or ``threshold`` is something else.
    """

    FOLDERS = (FOLDER,)
    SUFFIXES = ('.npy', '.npz')

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        channels: str = 'first',
        threshold: float | None = None,
    ) -> None:
        check_word('channels', channels, CHANNELS)
        check_threshold(threshold)
        super().__init__(source, images, choice, bad_files)
        self._channels = channels
        self._threshold = threshold
        self._names = self.listed_names()
        self.classes, indices = self.choice.resolve(self._names, self._folder)
        self._indices = tuple(indices[name] for name in self._names)

    def label_size(self, path: Path) -> Size:
        """Read height and width from the header of an array; see the base class."""
        count, height, width = _shape(path, self._channels)
        if count != len(self._names):
            raise DatasetError.at(
                path,
                f'it has {counted(count, "channel")} for {counted(len(self._names), "class")}',
                'Correct the class list, or say channels=last if they come last',
            )
        return height, width

    def drawing(self, path: Path) -> Draw:
        """Draw one array; see the base class."""
        return partial(_draw, path, self._channels, self._threshold, self._indices)


class ChannelArraysWriter(FormatWriter):
    """Writes ``masks/NAME.npy``, (C, H, W) uint8, channel by channel, and ``classes.txt``."""

    LABEL_PATH = FOLDER

    def write(self, image: AnnotatedImage) -> None:
        """Write the array of one image; see the base class."""
        packed = self.draw(image)
        header = io.BytesIO()
        shape = (len(self.classes), *packed.shape[:2])
        described = dict(descr='|u1', fortran_order=False, shape=shape)
        np.lib.format.write_array_header_1_0(header, described)
        with open_atomically(self.target / FOLDER / f'{self.label_stem(image)}.npy') as file:
            file.write(header.getvalue())
            for index in range(len(self.classes)):
                file.write(class_mask(packed, index).tobytes())

    def finish(self) -> None:
        """Write the class list; see the base class."""
        write_class_list(self.target, self.classes)


def _draw(
    path: Path,
    channels: str,
    threshold: float | None,
    indices: Sequence[int | None],
    height: int,
    width: int,
    num_classes: int,
) -> np.ndarray:
    """Draw an array into a packed map, channel by channel."""
    masks = _open(path, channels)
    packed = empty(height, width, num_classes)
    if masks.shape != (len(indices), height, width):
        expected = (len(indices), height, width)
        problem = f'it has the shape {masks.shape}, not {expected}'
        raise DatasetError.at(path, problem, 'Write it again')
    for channel, (values, index) in enumerate(zip(masks, indices, strict=True)):
        if index is None:
            continue
        try:
            mask = mask_of_values(values, threshold)
        except HandboneError as error:
            raise DatasetError.of(path, error, 'Write it again', f'channel {channel}') from error
        add_to_class(packed, index, mask)
    return packed


def _open(path: Path, channels: str) -> np.ndarray:
    """Open an array as (C, H, W), without reading its values where the file allows."""
    with _faults(path):
        if path.suffix.lower() != '.npz':
            masks = np.lib.format.open_memmap(path, mode='r')  # refuses objects and archives
        else:
            shape, kind = _packed_header(path)
            size = kind.itemsize * math.prod(shape)
            if size > MOST_BYTES:
                limit = MOST_BYTES / 2**30
                raise HandboneError(
                    f'it has {size / 2**30:.1f} GB once it is unpacked, more than {limit:g} GB'
                )
            with np.load(path, allow_pickle=False) as arrays:
                masks = arrays[arrays.files[0]]
    _check(path, masks.shape, masks.dtype)
    return masks if channels == 'first' else np.moveaxis(masks, 2, 0)


def _shape(path: Path, channels: str) -> tuple[int, int, int]:
    """Read (C, H, W) from the header of an array."""
    if path.suffix.lower() != '.npz':
        count, height, width = _open(path, channels).shape
        return count, height, width
    with _faults(path):
        shape, kind = _packed_header(path)
    _check(path, shape, kind)
    first, second, third = shape
    return (first, second, third) if channels == 'first' else (third, first, second)


def _packed_header(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Read shape and type of the only array of a packed file, and unpack no more than that."""
    with zipfile.ZipFile(path) as packed:
        names = packed.namelist()
        if len(names) != 1:
            raise HandboneError(f'it holds {len(names)} arrays instead of one')
        with packed.open(names[0]) as file:
            version = np.lib.format.read_magic(file)
            shape, _, kind = HEADERS[version](file)
    return shape, kind


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # NumPy raises whatever a damaged header leads it to
        problem = f'the array cannot be read ({one_line(error)})'
        raise DatasetError.at(path, problem, 'Write it again with numpy.save') from error


def _check(path: Path, shape: tuple[int, ...], kind: np.dtype) -> None:
    if len(shape) != 3 or kind.kind not in 'buif':
        problem = f'it is an array of {kind} with the shape {shape}'
        raise DatasetError.at(path, problem, 'Expected numbers of the shape (C, H, W)')
