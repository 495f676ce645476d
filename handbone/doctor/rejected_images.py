"""A list of the images that a person rejected."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from handbone.datasets.file_list import image_file, listed_images
from handbone.datasets.formats.source import Source
from handbone.errors import listed
from handbone.listing import normal_form, read_list


class Rejected(NamedTuple):
    """A list of images that a person rejected.

    Attributes:
        path: The file.
        parts: Numbers of lines and what is in them, by the part of the data that they are of; empty
            for what names none.
    """

    path: Path
    parts: dict[str, list[tuple[int, str]]]


def read_rejected(path: Path) -> Rejected:
    """Read a list of rejected images, as the page of a report saves it.

    Args:
        path: Text file with an image or a patient per line. Lines below the name of a part in
            brackets, such as ``[test]``, are of that part.

    Returns:
        Its lines.

    Raises:
        OSError: It cannot be read.
        HandboneError: It is not a text.
    """
    part, parts = '', dict[str, list[tuple[int, str]]]()
    for number, line in read_list(path, errors='surrogateescape'):
        if line.startswith('[') and line.endswith(']'):
            part = line[1:-1]
        else:
            parts.setdefault(part, []).append((number, line))
    return Rejected(path, parts)


def rejected_images(
    rejected: Rejected, source: Source, names: Iterable[str]
) -> tuple[frozenset[str], list[str]]:
    """Find the images of a part of the data that were rejected.

    Args:
        rejected: The list; what it rejects of other parts is passed over.
        source: The part of the data.
        names: Names of all its images, which may be some that cannot be read.

    Returns:
        Names of those that were rejected, and a sentence if the list has lines of other parts only.

    Raises:
        DatasetError: A line names an image that is not there.
        HandboneError: A line is not UTF-8, and no name of an image either.
    """
    path, parts = rejected
    own = [line for part, lines in parts.items() if _is_part(part, source) for line in lines]
    notes = []
    if parts and not own:
        notes.append(f'{path} rejects images of {listed(list(parts))} and none of {source.split}')
    images = [image_file(PurePosixPath(name)) for name in names]
    return frozenset(image.name for image in listed_images(path, own, images)), notes


def _is_part(name: str, source: Source) -> bool:
    """Tell whether a name is that of a part: the end of its path; no name is that of any."""
    parts = PurePosixPath(normal_form(name)).parts
    own = PurePosixPath(normal_form(source.path.absolute().as_posix())).parts
    return own[len(own) - len(parts) :] == parts
