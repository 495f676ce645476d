"""The raw folder of nnU-Net: ``dataset.json``, ``imagesTr`` and ``labelsTr``, two-dimensional."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handbone.errors import HandboneError, counted, shown
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.masks import CLASSES_PER_PLANE, num_planes
from handbone.masks.packed import planes_of
from handbone.masks.rle import change_points
from handbone.structure import Fields

from ..errors import DatasetError
from ..file_list import ImageFile
from .annotated_image import AnnotatedImage
from .format_writer import FormatWriter
from .index_png import png_bytes
from .label_file_reader import Draw, LabelFileReader
from .label_json import load_json
from .value_table import ValueTable, draw_values

DESCRIPTION = 'dataset.json'
LABELS, IMAGES = 'labelsTr', 'imagesTr'
#: Ends the name of the only channel of an image.
CHANNEL = '_0000'
BACKGROUND, IGNORE = 'background', 'ignore'
DATASET = Fields(dict(labels={str: (int, list)}, file_ending=str))
#: Largest value of a picture of 16 bits.
LARGEST = 2**16 - 1


class NnUNetReader(LabelFileReader):
    """Reads a raw folder of nnU-Net with 2-D pictures; regions become overlapping classes.

    A label of several values, with ``regions_class_order``, is a class wherever one of them is. The
    label ``ignore`` marks pixels to ignore.

    Args:
        source: The folder ``DatasetXXX_NAME``.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS = (IMAGES,)
    FOLDERS = (LABELS,)
    SUFFIXES = ('.png', '.bmp', '.tif', '.tiff')

    def _prepare(self) -> None:
        """Find the classes; see the base class."""
        path = self.source / DESCRIPTION
        labels = _read_description(path)
        super()._prepare()
        ignored = frozenset(labels.pop(IGNORE, ()))
        labels.pop(BACKGROUND, None)
        self.classes, indices = self.choice.resolve(list(labels), path)
        classes: dict[int, set[int]] = {0: set()}
        for name, values in labels.items():
            index = indices[name]
            for value in values:
                classes.setdefault(value, set()).update(() if index is None else (index,))
        of_value = {value: tuple(sorted(found)) for value, found in classes.items()}
        self._table = ValueTable(of_value, ignored)

    def image_key(self, entry: ImageFile) -> str:
        """Name the image of a label file, without a suffix."""
        key = f'{entry.key}{CHANNEL}'
        return key if self.has_image(key) else entry.key

    def drawing(self, path: Path) -> Draw:
        """Draw one picture; see the base class."""
        return partial(draw_values, path, self._table)


class NnUNetWriter(FormatWriter):
    """Writes ``dataset.json``, ``labelsTr/NAME.png`` and links to the images in ``imagesTr``.

    Every combination of classes that occurs is a value, and a class is the region of all values
    that contain it, so that overlaps stay. Slashes in names become two underscores.

    Args:
        target: Folder of the dataset, named ``DatasetXXX_NAME`` for nnU-Net.
        classes: As for :class:`FormatWriter`.
        palette: Not used.
    """

    LABEL_PATH, IMAGE_FOLDER = LABELS, IMAGES

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(target, classes, palette)
        reserved = {BACKGROUND, IGNORE} & set(self.classes)
        if reserved:
            raise HandboneError(
                f'nnU-Net keeps the name {reserved.pop()} for itself. Rename the class: --rename.'
            )
        singles = [_code([index], len(classes)) for index in range(len(classes))]
        # single classes come first, so that their values are those of the class list
        self._values = {_code([], len(classes)): 0}
        self._values |= {code: value for value, code in enumerate(singles, 1)}
        self._endings: set[str] = set()
        self._count = 0

    def stem(self, image: AnnotatedImage) -> str:
        """Name a case, without slashes."""
        return image.stem.replace('/', '__')

    def image_name(self, image: AnnotatedImage) -> str:
        """Name the image file of one channel."""
        suffix = '.png' if image.path is None else image.path.suffix
        return f'{self.stem(image)}{CHANNEL}{suffix}'

    def write(self, image: AnnotatedImage) -> None:
        """Write the picture of one image; see the base class."""
        values = self._values_of(self.draw(image), image.name)
        if image.path is not None:
            self._check_ending(image.path)
        values = values.astype(np.uint8 if values.max(initial=0) < 2**8 else np.uint16)
        path = self.target / LABELS / f'{self.label_stem(image)}.png'
        write_atomically(path, png_bytes(Image.fromarray(values)))
        self._count += 1

    def finish(self) -> None:
        """Write the description; see the base class."""
        labels: dict[str, Any] = {BACKGROUND: 0}
        for index, name in enumerate(self.classes):
            plane, bit = divmod(index, CLASSES_PER_PLANE)
            values = [value for code, value in self._values.items() if code[plane] >> bit & 1]
            labels[name] = values
        description = {
            'channel_names': {'0': 'radiograph'},
            'labels': labels,
            'regions_class_order': list(range(1, len(self.classes) + 1)),
            'numTraining': self._count,
            'file_ending': '.png',
        }
        content = json.dumps(description, indent=1).encode()
        write_atomically(self.target / DESCRIPTION, content)

    def _check_ending(self, path: Path) -> None:
        if path.suffix.lower() != '.png':
            self.losses.add('images that are not PNG, which nnU-Net wants converted')

    def _values_of(self, packed: np.ndarray, name: str) -> np.ndarray:
        """Give every pixel the value of its combination of classes: (H, W) int64."""
        planes = [plane.ravel() for plane in planes_of(packed)]
        starts = change_points(*planes)
        codes = np.stack([plane[starts] for plane in planes], axis=1)
        found, which = np.unique(codes, axis=0, return_inverse=True)
        values = np.zeros(len(found), np.int64)
        for number, code in enumerate(map(tuple, found.tolist())):
            values[number] = self._values.setdefault(code, len(self._values))
        if len(self._values) > LARGEST:
            raise HandboneError(
                f'{name}: there are more than {LARGEST} combinations of classes, which a '
                'picture of 16 bits cannot hold. Choose fewer classes, or a different format.'
            )
        lengths = np.diff(starts, append=planes[0].size)
        return np.repeat(values[which.ravel()], lengths).reshape(packed.shape[:2])


def _code(classes: Sequence[int], num_classes: int) -> tuple[int, ...]:
    """Make the code of a combination of classes, a number per plane."""
    code = [0] * num_planes(num_classes)
    for index in classes:
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        code[plane] |= 1 << bit
    return tuple(code)


def _read_description(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the values of each label, in the order of the file."""
    description = load_json(path, DATASET, 'Correct the description of the dataset')
    labels = _label_values(description['labels'], path)
    regions = any(len(values) > 1 for values in labels.values())
    order = description.get('regions_class_order')
    classes = [name for name in labels if name not in (BACKGROUND, IGNORE)]
    if regions and (not isinstance(order, list) or len(order) != len(classes)):
        raise DatasetError.at(
            path,
            f'"regions_class_order" is {shown(order)} for {counted(len(classes), "region")}',
            'Give one value per region',
        )
    ending = description['file_ending'].lower()
    if ending not in NnUNetReader.SUFFIXES:
        raise DatasetError.at(
            path,
            f'its files end in {shown(ending)}, and only 2-D pictures are read',
            f'Convert them to one of {", ".join(NnUNetReader.SUFFIXES)}',
        )
    return labels


def _label_values(labels: Mapping[str, Any], path: Path) -> dict[str, tuple[int, ...]]:
    found = {}
    for name, value in labels.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(type(each) is int and 0 <= each <= LARGEST for each in values):
            problem = f'the label {shown(name)} has the value {shown(value)}'
            raise DatasetError.at(path, problem, 'Give whole numbers from 0 to 65535')
        found[normal_form(name)] = tuple(values)
    return found
