"""Masks that can be laid over an image: the labels of the dataset, and those of CSV files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.corrections import Corrections
from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_forms
from handbone.masks import encode
from handbone.submissions.missing_rows import missing_rows
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


class PredictionLayer:
    """Masks of a model; see :class:`Layer`.

    Args:
        path: Where they are.
        name: What the page calls it.
        classes: Its classes, in normal form.
    """

    kind = 'prediction'

    def __init__(self, path: Path, name: str, classes: Sequence[str]) -> None:
        self.path, self.name, self.classes = path, name, tuple(classes)

    def take(self, classes: Sequence[str]) -> None:
        """Take the masks of these classes, in this order.

        Args:
            classes: Class names in bit order.

        Raises:
            HandboneError: There is another class here.
        """
        known = set(normal_forms(classes))
        unknown = [name for name in self.classes if name not in known]
        if unknown:
            fault = f'{shown(unknown[0])} is no class of the data, which have {listed(classes, 40)}'
            raise self.class_error(unknown[0], fault, 'Show files of one class list.')
        self.classes = tuple(classes)

    def match(self, names: Sequence[str]) -> int:
        """Count the images that are here, and refuse predictions of other images.

        Args:
            names: Names of the images of the data.

        Returns:
            How many of them are here.

        Raises:
            HandboneError: None of them is.
        """
        count = sum(map(self.has, names))
        if not count:
            here = self.images()
            raise HandboneError(
                f'{self.path}: none of its {len(here)} images, such as {shown(here[0])}, is among '
                f'the {len(names)} of the data, such as {shown(names[0])}. Name the predictions '
                'of these images.'
            )
        return count

    def gaps(self) -> list[str]:
        """Say which masks are missing and are shown as empty, one line each."""
        return []

    def class_error(self, name: str, fault: str, remedy: str) -> HandboneError:
        """Make an error about a class."""
        return HandboneError(f'{self.path}: {fault}. {remedy}')

    def images(self) -> Sequence[str]:
        """List the names of all images that are here, at least one."""
        raise NotImplementedError

    def has(self, name: str) -> bool:
        """Tell whether an image is here."""
        raise NotImplementedError

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Read the masks of an image; see :class:`Layer`."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the files."""


class CsvLayer(PredictionLayer):
    """The masks of a CSV of runs.

    Args:
        path: The CSV, with the columns ``image_name``, ``class`` and ``rle``.
        name: What the page calls it.

    Raises:
        FileNotFoundError: There is no such file.
        HandboneError: It is not such a CSV.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._rows = SubmissionRows(path)
        super().__init__(path, name, tuple(self._rows.classes))

    def class_error(self, name: str, fault: str, remedy: str) -> HandboneError:
        """Name the line of the class."""
        return self._rows.error(self._rows.classes[name], fault, remedy)

    def gaps(self) -> list[str]:
        """Find classes and images without rows; see the base class."""
        found = missing_rows(self._rows, self.classes)
        return [f'{each}: those masks are shown as empty' for each in found]

    def images(self) -> Sequence[str]:
        """List the names of the images; see the base class."""
        return list(self._rows.names.values())

    def has(self, name: str) -> bool:
        """Tell whether the file has an image."""
        return self._rows.find(name) is not None

    def runs(self, index: int, image: AnnotatedImage) -> list[np.ndarray] | None:
        """Read the rows of an image; see :class:`Layer`."""
        known = self._rows.find(image.name)
        if known is None:
            return None
        found = self._rows.read(known, self.classes, image.height * image.width)
        return found.by_class(len(self.classes))

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
