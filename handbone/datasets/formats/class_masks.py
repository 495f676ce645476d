"""One picture per class and image, in a folder per class, as in JSRT/SCR."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from handbone.errors import HandboneError, listed
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.masks import class_mask, empty
from handbone.masks.packed import add_to_class

from ..bad_files import BadFiles
from ..errors import DatasetError
from ..file_list import check_folder, list_files_of
from ..image_header import read_image_size
from ..mask_files import MaskFiles
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .format_reader import FormatReader
from .format_writer import FormatWriter
from .index_png import SUFFIXES, png_bytes
from .two_values import check_threshold, mask_of_values
from .value_table import read_values

FOLDER = 'masks'


class _Picture(NamedTuple):
    """One picture of an image.

    Attributes:
        class_index: Class; None where it is left out.
        folder: Folder of the class.
        path: The file.
    """

    class_index: int | None
    folder: Path
    path: Path


class ClassMasksReader(FormatReader):
    """Reads ``masks/CLASS/NAME.png``: a pixel belongs to the class where it is not 0.

    A picture has two values; others, as at blurred edges, are refused unless a threshold is given.
    An image without a picture of a class does not have the class.

    Args:
        source: A folder with the folder ``masks``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        threshold: Pixels above it belong to the class; None allows two values only.

    Raises:
        HandboneError: ``threshold`` is something else.
    """

    IMAGE_FOLDERS = ('images', '../images')

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        threshold: float | None = None,
    ) -> None:
        check_threshold(threshold)
        super().__init__(source, images, choice, bad_files)
        self._threshold = threshold
        inner = self.source / FOLDER
        self._folder = inner if inner.is_dir() else self.source
        check_folder(self._folder)
        folders = sorted(
            path
            for path in self._folder.iterdir()
            if path.is_dir() and not path.name.startswith('.')
        )
        if not folders:
            problem = 'there is no folder of a class in it'
            raise DatasetError.at(self._folder, problem, 'Expected CLASS/NAME.png')
        names = [normal_form(path.name) for path in folders]
        self.classes, indices = self.choice.resolve(names, self._folder)
        self._files: dict[str, list[_Picture]] = {}
        for folder, name in zip(folders, names, strict=True):
            for file in list_files_of(folder, SUFFIXES):
                picture = _Picture(indices[name], folder, folder / file.name)
                self._files.setdefault(file.key, []).append(picture)
        if not self._files:
            problem = f'there is no {" or ".join(SUFFIXES)} file in its folders of classes'
            raise DatasetError.at(self._folder, problem, 'Expected CLASS/NAME.png')

    @property
    def label_folder(self) -> Path:
        """The folder of the label files; see the base class."""
        return self._folder

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._files)

    def entries(self) -> Iterator[tuple[str, list[_Picture]]]:
        """List the images with their pictures, in the order of names."""
        yield from sorted(self._files.items())

    def entry_name(self, entry: tuple[str, list[_Picture]]) -> str:
        """Name the image of some pictures; see the base class."""
        key, _ = entry
        return self.known_name(key) if self.has_image(key) else f'{key}.png'

    def read(self, entry: tuple[str, list[_Picture]]) -> AnnotatedImage:
        """Read the headers of the pictures of one image; see the base class."""
        key, pictures = entry
        _check_folders(pictures)
        files = [(each.class_index, each.path) for each in pictures if each.class_index is not None]
        # the size of an image whose classes are all left out is that of any picture
        measured = [path for _, path in files] or [pictures[0].path]
        sizes = {path: read_image_size(path) for path in measured}
        place = measured[0]
        known = None if self.has_image(key) else sizes[place]
        name, image, size = self.locate(key, known, place)
        for path, found in sizes.items():
            if found != size:
                raise DatasetError.at(
                    path,
                    f'it has width {found[1]} and height {found[0]}, but {image or place} has '
                    f'width {size[1]} and height {size[0]}',
                    'Put the original image back, or correct the mask',
                )
        read = partial(_draw, tuple(files), self._threshold)
        labels = MaskFiles(read, size, len(self.classes))
        return AnnotatedImage(name if image else f'{key}.png', image, *size, labels)


class ClassMasksWriter(FormatWriter):
    """Writes ``masks/CLASS/NAME.png``, 0 and 255, for every class that an image has.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: Not used.

    Raises:
        HandboneError: The name of a class cannot be that of a folder.
    """

    LABEL_PATH = FOLDER

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        wrong = [name for name in classes if '/' in name or '\0' in name or name.startswith('.')]
        if wrong:
            raise HandboneError(
                f'{listed(wrong)} cannot be the name of a folder. Rename the class: --rename.'
            )
        super().__init__(target, classes, palette)

    def write(self, image: AnnotatedImage) -> None:
        """Write the masks of one image, one after the other; see the base class."""
        stem = self.label_stem(image)
        packed = self.draw(image)
        written = False
        for index, name in enumerate(self.classes):
            mask = class_mask(packed, index)
            path = self.target / FOLDER / name / f'{stem}.png'
            # an image without any class is known by an empty mask, that of the last one
            last = index == len(self.classes) - 1
            if mask.any() or (last and not written):
                picture = Image.fromarray(mask.view(np.uint8) * np.uint8(255))
                write_atomically(path, png_bytes(picture))
                written = True
            else:
                path.unlink(missing_ok=True)


def _check_folders(pictures: Sequence[_Picture]) -> None:
    """Refuse two pictures of one image in the folder of one class: one of them may be outdated."""
    first: dict[Path, Path] = {}
    for picture in pictures:
        other = first.setdefault(picture.folder, picture.path)
        if other != picture.path and picture.class_index is not None:
            raise DatasetError.at(
                picture.path,
                f'{other.name} is of the same class and image',
                'Keep one of the two',
            )


def _draw(
    files: Sequence[tuple[int, Path]],
    threshold: float | None,
    height: int,
    width: int,
    num_classes: int,
) -> np.ndarray:
    """Draw masks into a packed map, one after the other."""
    packed = empty(height, width, num_classes)
    for index, path in files:
        values = read_values(path)
        if values.shape != (height, width):
            problem = f'it has the shape {values.shape}, not {(height, width)}'
            raise DatasetError.at(path, problem, 'Correct the mask')
        try:
            mask = mask_of_values(values, threshold)
        except HandboneError as error:
            raise DatasetError.of(path, error, 'Correct the mask') from error
        add_to_class(packed, index, mask)
    return packed
