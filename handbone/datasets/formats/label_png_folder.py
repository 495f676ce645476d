"""A folder of label PNGs, one per image, that keep overlaps."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError, listed
from handbone.files import write_atomically
from handbone.listing import normal_forms
from handbone.masks import num_planes
from handbone.masks.remapping import remap_classes

from ..errors import DatasetError
from ..image_header import read_image_size
from .annotated_image import AnnotatedImage
from .file_faults import faults_of
from .format_reader import Size
from .format_writer import FormatWriter
from .label_file_reader import Draw, LabelFileReader
from .label_png import encode_label_png, label_png_classes, read_label_png

FOLDER = 'label_png'


class LabelPngReader(LabelFileReader):
    """Reads the label PNGs that ``handbone predict --write label-png`` and ``convert`` write.

    Args:
        source: A folder with the folder ``label_png``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    FOLDERS = (FOLDER,)

    def _prepare(self) -> None:
        """Find the classes; see the base class."""
        super()._prepare()
        first = self._folder / self._files[0].name
        self._names = normal_forms(_classes_of(first))
        self.classes, indices = self.choice.resolve(self._names, first)
        self._indices = tuple(indices[name] for name in self._names)

    def label_size(self, path: Path) -> Size:
        """Read the size and the class list of a label PNG; see the base class."""
        names = normal_forms(_classes_of(path))
        if names != self._names:
            raise DatasetError.at(
                path,
                f'its classes ({listed(names, 40)}) are not those of the first file '
                f'({listed(self._names, 40)}), or in a different order',
                'Keep label PNGs of one class list in one folder',
            )
        height, width = read_image_size(path)
        planes = num_planes(len(names))
        if height % planes:
            problem = f'its height {height} is not a multiple of its {planes} planes'
            raise DatasetError.at(path, problem, 'Write it again')
        return height // planes, width

    def drawing(self, path: Path) -> Draw:
        """Draw one label PNG; see the base class."""
        return partial(_read, path, self._indices)


class LabelPngFolderWriter(FormatWriter):
    """Writes ``label_png/<name>.png``, the packed map itself."""

    LABEL_PATH = FOLDER
    KEEPS_IGNORED = True

    def write(self, image: AnnotatedImage) -> None:
        """Write the map of one image; see the base class."""
        content = encode_label_png(self.draw(image), self.classes)
        write_atomically(self.target / FOLDER / f'{self.label_stem(image)}.png', content)


def _classes_of(path: Path) -> tuple[str, ...]:
    with faults_of(path, 'Write it again'):
        classes = label_png_classes(path)
    if not classes:
        problem = 'it names no classes, so it is not a label PNG of handbone'
        raise DatasetError.at(path, problem, 'Write it again, or name another format')
    return classes


def _read(
    path: Path, indices: Sequence[int | None], height: int, width: int, num_classes: int
) -> np.ndarray:
    try:
        packed, _ = read_label_png(path)
    except (OSError, HandboneError) as error:
        raise DatasetError.at(
            path, str(error).removeprefix(f'{path} '), 'Write it again'
        ) from error
    return remap_classes(packed, indices, num_classes)
