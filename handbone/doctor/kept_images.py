"""The images that are there and were not rejected, for the ``ann_file`` of a dataset."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from handbone.datasets.file_list import image_file, listed_images
from handbone.datasets.formats.source import Source
from handbone.errors import listed
from handbone.listing import normal_form, read_list

from .survey import Survey


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


def kept_images(
    measured: Survey, source: Source, rejected: Rejected | None
) -> tuple[list[str], list[str]]:
    """List the images of the only part of the data that are there and were not rejected.

    Args:
        measured: The data.
        source: The part of the data.
        rejected: Rejected images, which may be some that cannot be read; those of other parts are
            passed over.

    Returns:
        Names of those that can be read, and a sentence if the file has lines of other parts only.

    Raises:
        DatasetError: A line names an image that is not there.
        HandboneError: A line is not UTF-8, and no name of an image either.
    """
    images = [image_file(PurePosixPath(record.name)) for record in measured.records]
    left_out, notes = set(), []
    if rejected is not None:
        path, parts = rejected
        own = [line for part, lines in parts.items() if _is_part(part, source) for line in lines]
        left_out = set(listed_images(path, own, images))
        if parts and not own:
            notes.append(
                f'{path} rejects images of {listed(list(parts))} and none of {source.split}'
            )
    names = [
        image.name
        for image, record, gone in zip(images, measured.records, measured.without_file, strict=True)
        if image not in left_out and not record.problem and not gone
    ]
    return names, notes


def _is_part(name: str, source: Source) -> bool:
    """Tell whether a name is that of a part: the end of its path; no name is that of any."""
    parts = PurePosixPath(normal_form(name)).parts
    own = PurePosixPath(normal_form(source.path.absolute().as_posix())).parts
    return own[len(own) - len(parts) :] == parts
