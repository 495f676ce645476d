"""Where people say that a class is unknown in an image: its JSON file, or a CSV for many images."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from handbone.csv_files import read_table, row_error
from handbone.errors import HandboneError, counted, listed, shown
from handbone.listing import normal_form

from .errors import DatasetError
from .named_files import without_suffix

#: First columns of the CSV of unknown classes.
HEADER = ('image_name', 'class')
#: Key of the list of names in the attributes of a JSON file.
KEY = 'unknown_classes'


def unknown_in_document(
    path: Path, document: Mapping, class_indices: Mapping[str, int], skip: Collection[str] = ()
) -> frozenset[int]:
    """Read ``attributes.unknown_classes`` of an annotation file in the hand-bone layout.

    Args:
        path: The file, for errors.
        document: Its content.
        class_indices: Class index by name, in normal form.
        skip: Names that may occur and have no class, in normal form.

    Returns:
        Indices of the classes that are unknown in the image.

    Raises:
        DatasetError: It is not a list of names of classes.
    """
    attributes = document.get('attributes')
    names = attributes.get(KEY, []) if isinstance(attributes, dict) else []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DatasetError.at(
            path,
            f'attributes.{KEY} is {shown(names)}, not a list of names',
            f'Write "attributes": {{"{KEY}": ["first", "second"]}}',
        )
    normal = [normal_form(name) for name in names]
    wrong = [name for name in normal if name not in class_indices and name not in skip]
    if wrong:
        raise DatasetError.at(
            path,
            f'attributes.{KEY} names {shown(wrong[0])}, which is not among the '
            f'{counted(len(class_indices), "class")} ({listed(list(class_indices), 40)})',
            'Correct the name',
        )
    return frozenset(class_indices[name] for name in normal if name in class_indices)


def read_unknown_file(path: str | Path, classes: Collection[str]) -> dict[str, frozenset[str]]:
    """Read a CSV of unknown classes, one row for each image and class.

    Args:
        path: The file, with the header ``image_name,class``; further columns are passed over.
        classes: Names of the classes, in normal form.

    Returns:
        Names of the unknown classes by name of the image without suffix, both in normal form.

    Raises:
        HandboneError: It cannot be read, has another header, or names no class; names file, line
            and remedy.
    """
    path = Path(path)
    try:
        header, rows = read_table(path)
    except OSError as error:
        raise HandboneError(
            f'{path}: the CSV of unknown classes cannot be read ({error.strerror}). Correct '
            'unknown_file in the config.'
        ) from error
    if tuple(header[:2]) != HEADER:
        fault = f'the header {shown(",".join(header))} does not begin with image_name,class'
        raise row_error(path, 1, fault, 'Write one row for each image and unknown class.')
    found: dict[str, set[str]] = {}
    for line, (image, name, *_) in rows:
        if normal_form(name) not in classes:
            fault = f'there is no class {shown(name)}; the classes are {listed(list(classes), 40)}'
            raise row_error(path, line, fault, 'Correct the name.')
        if not image:
            raise row_error(path, line, 'the image has no name', 'Name it, or remove the row.')
        found.setdefault(without_suffix(normal_form(image)), set()).add(normal_form(name))
    return {image: frozenset(names) for image, names in found.items()}


class UnknownFile:
    """The unknown classes of images, found by the names that a CSV gives them.

    An image has the classes of its path below the folder of images and of its file name alone, with
    or without a suffix.

    Args:
        path: The CSV; empty for none.
        class_indices: Class index by name, in normal form.

    Raises:
        HandboneError: As for :func:`read_unknown_file`.
    """

    def __init__(self, path: str | Path, class_indices: Mapping[str, int]) -> None:
        self._path = path
        self._indices = class_indices
        self._of_image = read_unknown_file(path, class_indices) if path else {}

    def __bool__(self) -> bool:
        """Tell whether the file names any image."""
        return bool(self._of_image)

    def indices(self, image: str) -> frozenset[int]:
        """Look up an image.

        Args:
            image: Its path below the folder of images, with forward slashes.

        Returns:
            Indices of its unknown classes.
        """
        found = _names_of(image) & self._of_image.keys()
        return frozenset(self._indices[name] for key in found for name in self._of_image[key])

    def check_images(self, images: Iterable[str]) -> None:
        """Check that the file is about some images.

        Args:
            images: Their paths below the folder of images.

        Raises:
            HandboneError: It names none of them.
        """
        if self._of_image and not any(_names_of(image) & self._of_image.keys() for image in images):
            raise HandboneError(
                f'{self._path}: none of its images is in the data: '
                f'{listed(sorted(self._of_image), 5)}. Correct the names, which are those of files '
                'or paths below the folder of images.'
            )


def _names_of(image: str) -> set[str]:
    """List the names that an image may have in the file."""
    whole = without_suffix(normal_form(image))
    return {whole, whole.rpartition('/')[2]}
