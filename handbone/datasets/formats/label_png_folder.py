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

from ..bad_files import BadFiles
from ..errors import DatasetError
from ..file_list import ImageFile, list_files
from ..image_header import read_image_size
from ..mask_files import MaskFiles
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .format_reader import FormatReader
from .format_writer import FormatWriter
from .label_png import encode_label_png, label_png_classes, read_label_png

FOLDER = 'label_png'


class LabelPngReader(FormatReader):
    """Reads the label PNGs that ``handbone predict --write label-png`` and ``convert`` write.

    Args:
        source: A folder with the folder ``label_png``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS = ('images', '../images')

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
    ) -> None:
        super().__init__(source, images, choice, bad_files)
        inner = self.source / FOLDER
        self._folder = inner if inner.is_dir() else self.source
        self._files = list_files(self._folder, '.png')
        if not self._files:
            raise DatasetError.at(self._folder, 'there is no PNG in it', 'Correct the path')
        first = self._folder / self._files[0].name
        self._names = normal_forms(_classes_of(first))
        self.classes, indices = self.choice.resolve(self._names, first)
        self._indices = tuple(indices[name] for name in self._names)

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._files)

    def entries(self) -> Sequence[ImageFile]:
        """List the label PNGs."""
        return self._files

    def read(self, entry: ImageFile) -> AnnotatedImage:
        """Read the header of one label PNG; see the base class."""
        path = self._folder / entry.name
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
        size = height // planes, width
        known_size = None if self.has_image(entry.key) else size
        name, image, found = self.locate(entry.key, known_size, path)
        if found != size:
            raise DatasetError.at(
                path,
                f'it has width {size[1]} and height {size[0]}, but {image} has width {found[1]} '
                f'and height {found[0]}',
                'Put the original image back, or write the label PNG again',
            )
        labels = MaskFiles(partial(_read, path, self._indices), size, len(self.classes))
        return AnnotatedImage(name if image else f'{entry.key}.png', image, *size, labels)


class LabelPngFolderWriter(FormatWriter):
    """Writes ``label_png/<name>.png``, the packed map itself."""

    def write(self, image: AnnotatedImage) -> None:
        """Write the map of one image; see the base class."""
        self.count_masks_made_of_polygons(image)
        content = encode_label_png(image.draw(len(self.classes)), self.classes)
        write_atomically(self.target / FOLDER / f'{image.stem}.png', content)


def _classes_of(path: Path) -> tuple[str, ...]:
    try:
        classes = label_png_classes(path)
    except OSError as error:
        problem = f'the file cannot be read ({error.strerror})'
        raise DatasetError.at(path, problem, 'Check that you may read it') from error
    except HandboneError as error:
        raise DatasetError.at(
            path, str(error).removeprefix(f'{path}: '), 'Write it again'
        ) from error
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
