"""What readers of one label file per image have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from handbone.bones import CLASSES
from handbone.listing import normal_forms
from handbone.progress import progress_bar

from ..annotation_file import collector_paused
from ..errors import DatasetError
from ..file_list import ImageFile, list_files
from ..image_header import read_image_size
from ..mask_files import MaskFiles
from .annotated_image import AnnotatedImage
from .class_list import CLASS_LIST, read_class_list
from .format_reader import FormatReader, Size

#: Draws a label file from height, width and number of classes.
Draw = Callable[[int, int, int], np.ndarray]


class LabelFileReader(FormatReader):
    """Reads a folder of label files, one per image, which are drawn when they are needed.

    A label file has the name of its image, whatever its suffix.

    Args:
        source: The folder of the label files, or one that holds it under its usual name.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS: ClassVar[tuple[str, ...]] = ('images', '../images')
    #: Usual names of the folder of label files.
    FOLDERS: ClassVar[tuple[str, ...]] = ()
    SUFFIXES: ClassVar[tuple[str, ...]] = ('.png',)

    def _prepare(self) -> None:
        """List the files of the labels; see the base class."""
        super()._prepare()
        inner = [self.source / name for name in self.FOLDERS if (self.source / name).is_dir()]
        self._folder = inner[0] if inner else self.source
        self._files = [
            file for suffix in self.SUFFIXES for file in list_files(self._folder, suffix)
        ]
        if not self._files:
            problem = f'there is no {" or ".join(self.SUFFIXES)} file in it'
            raise DatasetError.at(self._folder, problem, 'Correct the path')

    @property
    def label_folder(self) -> Path:
        """The folder of the label files; see the base class."""
        return self._folder

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._files)

    def entries(self) -> Iterator[ImageFile]:
        """List the label files."""
        with collector_paused():
            yield from self._files

    def entry_name(self, entry: ImageFile) -> str:
        """Name the image of a label file; see the base class."""
        key = self.image_key(entry)
        return self.known_name(key) if self.has_image(key) else f'{key}.png'

    def read(self, entry: ImageFile) -> AnnotatedImage:
        """Read the size of one label file; see the base class."""
        path = self._folder / entry.name
        size = self.label_size(path)
        labels = MaskFiles(self.drawing(path), size, len(self.classes))
        image_key = self.image_key(entry)
        known_size = None if self.has_image(image_key) else size
        name, image, found = self.locate(image_key, known_size, path)
        if found != size:
            raise DatasetError.at(
                path,
                f'it has width {size[1]} and height {size[0]}, but {image} has width {found[1]} '
                f'and height {found[0]}',
                'Put the original image back, or correct the label file',
            )
        return AnnotatedImage(name if image else f'{image_key}.png', image, *size, labels)

    def image_key(self, entry: ImageFile) -> str:
        """Name the image of a label file, without a suffix."""
        return entry.key

    def label_size(self, path: Path) -> Size:
        """Read the height and width of the image from a label file.

        Args:
            path: The file.

        Returns:
            Height and width.

        Raises:
            DatasetError: It is no such file.
        """
        return read_image_size(path)

    def drawing(self, path: Path) -> Draw:
        """Make the function that draws a label file; worker processes have to be able to take it.

        Args:
            path: The file.

        Returns:
            The function.

        Raises:
            DatasetError: It is no such file.
        """
        raise NotImplementedError

    def names_in_files(self, names_of: Callable[[Path], Iterable[str]]) -> Sequence[str]:
        """Find the names of the classes in the label files themselves.

        Args:
            names_of: Lists the names in a file; it raises DatasetError for a bad one.

        Returns:
            The chosen classes with what is renamed to them; without a choice, the 29 bones if
            there is nothing else, or the names in their order.

        Raises:
            DatasetError: There are no names because of a bad file.
        """
        if self.choice.classes is not None:
            return (*self.choice.rename, *self.choice.classes)
        found: set[str] = set()
        first: DatasetError | None = None
        with collector_paused():
            for file in progress_bar(self._files, 'Finding classes', unit='file'):
                try:
                    found.update(normal_forms(names_of(self._folder / file.name)))
                except DatasetError as error:
                    first = first or error  # it comes again when the file is read
        if first is not None and not found:
            raise first
        return CLASSES if found and found <= set(CLASSES) else sorted(found)

    def listed_names(self) -> tuple[str, ...]:
        """Find the names of the classes where label files have none.

        Returns:
            The lines of ``classes.txt`` in the folder or beside it, else the chosen classes.

        Raises:
            DatasetError: There is neither.
        """
        listed = self.class_list()
        if listed is not None:
            return listed
        if self.choice.classes is None:
            raise DatasetError.at(
                self._folder,
                'the files do not name their classes',
                f'Name them in order: --classes, classes=(…), or the lines of {CLASS_LIST}',
            )
        return normal_forms(self.choice.classes)

    def class_list(self) -> tuple[str, ...] | None:
        """Read the lines of ``classes.txt`` in the folder of the label files or beside it.

        A list without an end of its last line is noted: the last name may be cut off.

        Returns:
            Names in class order; None where there is no such file.

        Raises:
            DatasetError: It cannot be read, or names a class twice.
        """
        for folder in (self._folder, self.source, self._folder.parent):
            path = folder / CLASS_LIST
            if path.is_file():
                names, note = read_class_list(path)
                self.notes += [note] if note else []
                return names
        return None
