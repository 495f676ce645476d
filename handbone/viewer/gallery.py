"""The images of all parts of the data by number, read when they are looked at."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import compress
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, NamedTuple

from handbone.datasets.errors import DatasetError
from handbone.datasets.file_list import image_file
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.format_reader import FormatReader
from handbone.errors import HandboneError, shown

from .sentences import Sentence


class Part(NamedTuple):
    """One part of the data, such as the training images.

    Attributes:
        name: Its name; empty if it is the only one.
        reader: Its reader.
        choose: Tells by the names of all images which of them belong to it; None takes all.
    """

    name: str
    reader: FormatReader
    choose: Callable[[Sequence[str]], Sequence[bool]] | None = None


class _Place(NamedTuple):
    part: Part
    entry: Any


class Gallery:
    """The images, listed once.

    Args:
        parts: The parts of the data.

    Attributes:
        names: Name of each image, with its part in front if there are several.
        patients: Whose each is: the folder of the image, or its name if it lies in none.

    Raises:
        HandboneError: There is no image.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._places: list[_Place] = []
        self._locks = {id(part.reader): Lock() for part in parts}
        own: list[str] = []
        for part in parts:
            entries = list(part.reader.entries())
            names = [_name(part.reader, each, number) for number, each in enumerate(entries, 1)]
            chosen = part.choose(names) if part.choose else [True] * len(names)
            own += compress(names, chosen)
            self._places += [_Place(part, entry) for entry in compress(entries, chosen)]
        if not own:
            raise HandboneError(f'There is no image in {parts[0].reader.source}.')
        self._own_names = own
        self.names = [
            f'{place.part.name}/{name}' if place.part.name else name
            for place, name in zip(self._places, own, strict=True)
        ]
        self.patients = [image_file(PurePosixPath(name)).patient for name in own]

    def __len__(self) -> int:
        """Count the images."""
        return len(self._places)

    def own_name(self, index: int) -> str:
        """Name an image within its part of the data."""
        return self._own_names[index]

    def part_name(self, index: int) -> str:
        """Name the part of the data that an image is in; empty if it is the only one."""
        return self._places[index].part.name

    def other_names(self) -> dict[str, str]:
        """Find the names that images have where other parts of the data are shown beside them.

        Returns:
            The name here by each other name: with the end of the path of its part in front where
            the part is alone, and without where no two images are called so.
        """
        found: dict[str, str] = {}
        counts = Counter(self._own_names)
        for place, own, name in zip(self._places, self._own_names, self.names, strict=True):
            if not place.part.name:
                parts = Path(place.part.reader.source).absolute().parts[1:]
                ends = ('/'.join(parts[start:]) for start in range(len(parts)))
                found |= {f'{end}/{own}': name for end in ends}
            elif counts[own] == 1:
                found[own] = name
        return found

    def only(self, indices: Sequence[int]) -> None:
        """Keep some of the images.

        Args:
            indices: Their numbers.
        """
        self._places = [self._places[index] for index in indices]
        for names in (self._own_names, self.names, self.patients):
            names[:] = [names[index] for index in indices]

    def read(self, index: int) -> tuple[AnnotatedImage, list[DatasetError]]:
        """Read the labels of an image, and find its file.

        Args:
            index: Number of the image.

        Returns:
            The image, and what is wrong with its labels.

        Raises:
            HandboneError: Nothing of it can be used, or its file is gone.
        """
        part, entry = self._places[index]
        try:
            with self._locks[id(part.reader)]:
                image, problems = part.reader.attempt(entry)
            gone = image is not None and image.path is not None and not image.path.is_file()
        except OSError as error:
            raise HandboneError(
                Sentence(
                    'said_unreadable',
                    '{name} cannot be read: {reason}',
                    name=self.names[index],
                    reason=error,
                )
            ) from error
        if image is None:
            raise problems[-1]
        if gone:
            raise HandboneError(
                Sentence(
                    'said_gone',
                    '{path}: the image is gone since the viewer was started. Put it back, or start '
                    'the viewer again.',
                    path=image.path,
                )
            )
        return image, problems


def _name(reader: FormatReader, entry: Any, number: int) -> str:
    """Name an entry, even one that cannot be read."""
    try:
        return reader.entry_name(entry)
    except DatasetError:
        return f'{shown(reader.source.name)} {number}'
