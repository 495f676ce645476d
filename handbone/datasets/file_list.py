"""Images and annotation files in a folder, and the choice that a list file makes."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from handbone.errors import HandboneError, shown
from handbone.listing import by_normal_form, files_below, is_utf8, normal_form, read_list

from .errors import DatasetError


class ImageFile(NamedTuple):
    """One image of a dataset.

    Attributes:
        name: Path relative to the image folder, with forward slashes.
        patient: The folder of the patient, in the normal form of names; for an image without
            folder, its stem.
        key: ``name`` without its suffix, in the normal form; the annotation file has the same.
    """

    name: str
    patient: str
    key: str


def list_files(folder: Path, suffix: str) -> list[ImageFile]:
    """List the files of one kind under a folder, ordered by patient folder, then by name.

    Folders are searched as :func:`handbone.listing.files_below` does.

    Args:
        folder: The folder of images or of annotation files.
        suffix: Suffix to look for, in lower or upper case.

    Returns:
        The files in order.

    Raises:
        DatasetError: There is no such folder, or the names of two files differ only in their
            suffixes, so that they would share an annotation file or an image.
        HandboneError: The names of two files differ only in their Unicode form.
    """
    return list_files_of(folder, [suffix])


def list_files_of(folder: Path, suffixes: Iterable[str]) -> list[ImageFile]:
    """List the files of several kinds under a folder, which is searched once.

    Args:
        folder: The folder of images or of annotation files.
        suffixes: Suffixes to look for, in lower or upper case.

    Returns:
        The files of the first suffix as :func:`list_files` orders them, then those of the next.

    Raises:
        DatasetError: As for :func:`list_files`, within the files of one suffix.
        HandboneError: The names of two files of one suffix differ only in their Unicode form.
    """
    check_folder(folder)
    found = [path.relative_to(folder).as_posix() for path in files_below(folder)]
    listed: list[ImageFile] = []
    for suffix in suffixes:
        names = [name for name in found if name.lower().endswith(suffix.lower())]
        by_normal_form(names, folder)
        files = [image_file(PurePosixPath(name)) for name in names]
        check_keys(folder, files)
        listed += files
    return listed


def check_folder(folder: Path) -> None:
    """Check that a folder is there.

    Args:
        folder: The folder of images or of annotation files.

    Raises:
        DatasetError: It does not exist, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise DatasetError.at(folder, 'it is a file, not a folder', 'Name the folder that is meant')
    if not folder.is_dir():
        raise DatasetError.at(
            folder, 'the folder does not exist', 'Correct data_root or data_prefix in the config'
        )


def check_keys(folder: Path, files: Iterable[ImageFile]) -> None:
    """Check that images and annotation files can be paired: no two of a kind have the same key.

    Args:
        folder: The folder of the files.
        files: All images or all annotation files in it.

    Raises:
        DatasetError: Two files differ only in their suffixes.
    """
    by_key: dict[str, ImageFile] = {}
    for file in files:
        other = by_key.setdefault(file.key, file)
        if other is not file:
            raise DatasetError.at(
                folder,
                f'{shown(other.name)} and {shown(file.name)} differ only in their suffixes, but '
                'images and annotation files are paired by their names without suffix',
                'Rename or remove one of them',
            )


def image_file(name: PurePosixPath) -> ImageFile:
    """Describe an image by its name.

    Args:
        name: Path relative to the image folder.

    Returns:
        The image.
    """
    patient = name.parts[0] if len(name.parts) > 1 else name.stem
    return ImageFile(str(name), normal_form(patient), normal_form(str(name.with_suffix(''))))


def read_list_file(path: Path, images: list[ImageFile]) -> list[ImageFile]:
    """Choose the images that a list file names.

    Args:
        path: Text file with one relative image path (with or without suffix) or one patient per
            line; empty lines and lines that start with ``#`` are skipped.
        images: All images of the dataset.

    Returns:
        The images named, in the order of ``images``.

    Raises:
        DatasetError: The file cannot be read, names nothing, or has a line that names nothing.
        HandboneError: The file is not a text in UTF-8, but for names that are not.
    """
    try:
        lines = list(read_list(path, errors='surrogateescape'))
    except OSError as error:
        raise DatasetError.at(
            path,
            f'the list file cannot be read ({error.strerror})',
            'Correct ann_file in the config',
        ) from error
    if not lines:
        raise DatasetError.at(
            path, 'the list file names no image', 'Fill it, or leave ann_file empty'
        )
    return listed_images(path, lines, images)


def listed_images(
    path: Path, lines: Iterable[tuple[int, str]], images: list[ImageFile]
) -> list[ImageFile]:
    """Choose the images that lines of a list file name.

    Args:
        path: The list file, for errors.
        lines: Numbers of lines, and what is in them: an image or a patient.
        images: All images of the dataset.

    Returns:
        The images named, in the order of ``images``.

    Raises:
        DatasetError: A line names nothing.
        HandboneError: A line is not UTF-8, and no name of an image either.
    """
    names = [{normal_form(image.name), image.patient, image.key} for image in images]
    known = set().union(*names)
    chosen = set()
    for number, line in lines:
        entry = normal_form(line.replace('\\', '/'))
        if entry not in known:
            if not is_utf8(line):
                raise HandboneError(
                    f'{path}, line {number}: not a text in UTF-8, and {line!r} is not the name of '
                    'an image. Save it as a text in UTF-8 with one name per line.'
                )
            raise DatasetError.at(
                path,
                f'{line!r} is neither an image under the image folder nor a patient',
                'Give one relative image path or one patient folder per line',
                f'line {number}',
            )
        chosen.add(entry)
    return [image for image, own in zip(images, names, strict=True) if not chosen.isdisjoint(own)]
