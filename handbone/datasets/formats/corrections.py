"""Labels that came back from an annotation tool, by the images of the dataset they belong to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form

from ..errors import DatasetError
from ..named_files import without_suffix
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .source import Source


class Corrections:
    """Labels of some images of a dataset, in any format.

    Args:
        path: File or folder of the labels.
        classes: Class names of the dataset in bit order.

    Attributes:
        path: File or folder of the labels.

    Raises:
        HandboneError: It cannot be read.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        choice = ClassChoice(tuple(classes)) if classes else None
        self.path = path
        self._reader = Source('corrected', path, choice=choice).open()
        self._lock = Lock()
        self._entries = {
            _key(self._reader.entry_name(entry)): entry for entry in self._reader.entries()
        }

    def match(self, names: Sequence[str]) -> int:
        """Count the images of the dataset that were corrected.

        Args:
            names: Names of the images of the dataset.

        Returns:
            How many of them are here.

        Raises:
            HandboneError: None of them is.
        """
        count = sum(_key(name) in self._entries for name in names)
        if not count:
            raise HandboneError(
                f'{self.path}: none of its images, such as {listed(list(self._entries), 1)}, is '
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
            DatasetError: Something is wrong with them.
        """
        entry = self._entries.get(_key(image.name))
        if entry is None:
            return None
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

    def replaced(self, images: Iterable[AnnotatedImage]) -> Iterator[AnnotatedImage]:
        """Give images with their labels, corrected where they are.

        Args:
            images: The images with their former labels.

        Yields:
            Each of them.

        Raises:
            DatasetError: Something is wrong with corrected labels.
        """
        for image in images:
            yield self.of(image) or image


def _key(name: str) -> str:
    return normal_form(without_suffix(name))
