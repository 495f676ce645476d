"""Masks that can be laid over an image: the labels of the dataset, and those of CSV files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.corrections import Corrections
from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form, normal_forms
from handbone.masks import encode
from handbone.submissions.submission_rows import SubmissionRows


class Layer(Protocol):
    """Masks of the images.

    Attributes:
        name: What the page calls it.
        kind: 'truth' or 'prediction'.
    """

    name: str
    kind: str

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Find the masks of an image.

        Args:
            index: Number of the image.
            image: The image.

        Returns:
            Runs of each class along rows, int64 (n, 2) of [start, length]; None if the layer does
            not have the image.

        Raises:
            HandboneError: They cannot be read.
        """

    def close(self) -> None:
        """Close its file."""


class TruthLayer:
    """The labels of the dataset; see :class:`Layer`.

    Args:
        num_classes: Number of classes.
    """

    name = ''
    kind = 'truth'

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray]:
        """Draw the labels of an image; see :class:`Layer`."""
        return encode(image.draw(self._num_classes), self._num_classes)

    def close(self) -> None:
        """Nothing is open."""


class CorrectedLayer:
    """Labels of the same images after correction; see :class:`Layer`.

    Args:
        corrections: The labels.
        num_classes: Number of classes.
    """

    kind = 'prediction'

    def __init__(self, corrections: Corrections, num_classes: int) -> None:
        self.name = corrections.path.name
        self._corrections, self._num_classes = corrections, num_classes

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Draw the labels of an image; see :class:`Layer`."""
        found = self._corrections.of(image)
        return None if found is None else encode(found.draw(self._num_classes), self._num_classes)

    def close(self) -> None:
        """Nothing is open."""


class CsvLayer:
    """The masks of a CSV of runs; see :class:`Layer`.

    Args:
        path: The CSV, with the columns ``image_name``, ``class`` and ``rle``.
        name: What the page calls it.

    Raises:
        FileNotFoundError: There is no such file.
        HandboneError: It is not such a CSV.
    """

    kind = 'prediction'

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._rows = SubmissionRows(path)
        self._classes: Sequence[str] = self.classes

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the file, as they first come."""
        return tuple(self._rows.classes)

    def take(self, classes: Sequence[str]) -> None:
        """Take the masks of these classes, in this order.

        Args:
            classes: Class names in bit order.

        Raises:
            HandboneError: The file has another class.
        """
        known = set(normal_forms(classes))
        unknown = [each for each in self._rows.classes if each not in known]
        if unknown:
            raise self._rows.error(
                self._rows.classes[unknown[0]],
                f'{shown(unknown[0])} is no class of the data, which have {listed(classes, 40)}',
                'Show files of one class list.',
            )
        self._classes = classes

    def match(self, names: Sequence[str]) -> int:
        """Count the images that the file has, and refuse a file of other images.

        Args:
            names: Names of the images of the data.

        Returns:
            How many of them the file has.

        Raises:
            HandboneError: It has none of them.
        """
        count = sum(self._rows.find(name) is not None for name in names)
        if not count:
            raise HandboneError(
                f'{self.path}: none of its {len(self._rows.rows)} images, such as '
                f'{shown(next(iter(self._rows.names.values())))}, is among the {len(names)} of the '
                f'data, such as {shown(names[0])}. Name the CSV of these images.'
            )
        return count

    def has(self, name: str) -> bool:
        """Tell whether the file has an image."""
        return self._rows.find(name) is not None

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Read the rows of an image; see :class:`Layer`."""
        known = self._rows.find(normal_form(image.name))
        if known is None:
            return None
        found = self._rows.read(known, self._classes, image.height * image.width)
        return found.by_class(len(self._classes))

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
