"""Labels that came back from an annotation tool, by the images of the dataset they belong to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form

from ..bad_files import BadFiles
from ..errors import DatasetError
from ..named_files import without_suffix
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .source import Source
from .unlabelled import UnlabelledReader


class Corrections:
    """Labels of some images of a dataset, in any format.

    They belong to the image of their name, or, where labels have lost the suffix of the image or
    have another one, to the only image that they can belong to.

    Args:
        path: File or folder of the labels.
        classes: Class names of the dataset in bit order.

    Attributes:
        path: File or folder of the labels.
        problems: What belongs to none of their images, or to one that has no name.

    Raises:
        HandboneError: It cannot be read.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        choice = ClassChoice(tuple(classes)) if classes else None
        self.path = path
        self._reader = Source('corrected', path, choice=choice).open()
        if isinstance(self._reader, UnlabelledReader):  # every label would become an empty one
            raise DatasetError.at(
                path,
                'it has images but no labels that handbone can read',
                'Name the file or folder of the corrected labels',
            )
        self._lock = Lock()
        self._entries: dict[str, list[Any]] = {}
        unnamed: list[DatasetError] = []
        for entry in self._reader.entries():
            try:
                name = normal_form(self._reader.entry_name(entry))
            except DatasetError as error:
                unnamed.append(error)
                continue
            self._entries.setdefault(name, []).append(entry)
        self.problems = (*self._reader.bad_files.problems, *unnamed)
        self._of_stem: dict[str, list[str]] = {}
        for name in self._entries:
            self._of_stem.setdefault(_key(name), []).append(name)
        self._data: set[str] = set()
        #: Images of the data by stem, without those whose whole name is here.
        self._others: Counter[str] = Counter()

    def match(self, names: Sequence[str]) -> int:
        """Count the images of the dataset that were corrected.

        Args:
            names: Names of the images of the dataset.

        Returns:
            How many of them are here.

        Raises:
            HandboneError: None of them is, or no correction can be read.
        """
        self._data = {normal_form(name) for name in names}
        self._others = Counter(_key(name) for name in self._data - self._entries.keys())
        count = sum(bool(self._names_of(name)) for name in names)
        if not self._entries and self.problems:
            raise self.problems[0]
        if names and not count:
            raise HandboneError(
                f'{self.path}: none of its images, such as {listed(list(self._of_stem), 1)}, is '
                f'among the {len(names)} of the data, such as {shown(names[0])}. Name the '
                'corrected labels of these images.'
            )
        return count

    def of(self, image: AnnotatedImage) -> AnnotatedImage | None:
        """Find the corrected labels of an image.

        Args:
            image: The image with its former labels.

        Returns:
            The image with its corrected labels; None if it was not corrected.

        Raises:
            DatasetError: Something is wrong with them, or it cannot be told whose they are.
        """
        names = self._names_of(image.name)
        if not names:
            return None
        entry = self._only_entry(names, image.name)
        with self._lock:
            found, problems = self._reader.attempt(entry)
        if found is None or problems:
            raise problems[0]
        if (found.height, found.width) != (image.height, image.width):
            raise DatasetError.at(
                self.path,
                f'image {shown(found.name)} has width {found.width} and height {found.height} '
                f'there, but width {image.width} and height {image.height} in the data',
                'Correct the labels on the original image',
            )
        labels, outlines = found.labels, found.outlines
        return replace(image, labels=labels, outlines=outlines, unknown=found.unknown)

    def _names_of(self, image: str) -> list[str]:
        """List the names here that an image of the data may have."""
        name = normal_form(image)
        if name in self._entries:
            return [name]
        return [each for each in self._of_stem.get(_key(name), []) if each not in self._data]

    def _only_entry(self, names: Sequence[str], image: str) -> Any:
        """Find the only entry of these names, if no other image of the data may have them."""
        entries = [entry for name in names for entry in self._entries[name]]
        if len(entries) > 1:
            raise DatasetError.at(
                self.path,
                f'{len(entries)} entries may be those of image {shown(image)}: {listed(names)}',
                'Keep one of them, or give it the whole name of the image',
            )
        sharing = self._others[_key(image)]
        if sharing > 1 and normal_form(image) not in names:
            raise DatasetError.at(
                self.path,
                f'{shown(names[0])} may be any of {sharing} images of the data, such as '
                f'{shown(image)}',
                'Give it the whole name of one of them',
            )
        return entries[0]

    def replaced(
        self, images: Iterable[AnnotatedImage], bad_files: BadFiles
    ) -> Iterator[AnnotatedImage]:
        """Give images with their labels, corrected where they are.

        Args:
            images: The images with their former labels.
            bad_files: Gets what is wrong with corrected labels, whose images are left out.

        Yields:
            Each of the others.

        Raises:
            DatasetError: Something is wrong with corrected labels, and ``bad_files`` stop there.
        """
        for image in images:
            try:
                corrected = self.of(image)
            except DatasetError as error:
                bad_files.add([error])
                continue
            yield corrected or image


def _key(name: str) -> str:
    return normal_form(without_suffix(name))
