"""Finding images and annotation files, and choosing among them by a list file."""

import os
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .errors import DatasetError


class ImageFile(NamedTuple):
    """One image of a dataset.

    Attributes:
        name: Path relative to the image folder, with forward slashes.
        patient: The folder of the patient; for an image without folder, its stem.
        key: ``name`` without its suffix, which the annotation file shares.
    """

    name: str
    patient: str
    key: str


def list_files(folder: Path, suffix: str) -> list[ImageFile]:
    """List the files of one kind under a folder, ordered by patient folder, then by name.

    Hidden files and folders are left out: archives made on a Mac carry a ``._image.png`` beside
    each image.

    Args:
        folder: The folder of images or of annotation files.
        suffix: Suffix to look for, in lower or upper case.

    Returns:
        The files in order.

    Raises:
        DatasetError: The folder does not exist.
    """
    if not folder.is_dir():
        raise DatasetError.at(
            folder, 'the folder does not exist', 'Correct data_root or data_prefix in the config'
        )
    names = []
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith('.')]
        names += [
            (Path(parent) / file).relative_to(folder).parts
            for file in files
            if file.lower().endswith(suffix.lower()) and not file.startswith('.')
        ]
    return [_image_file(PurePosixPath(*parts)) for parts in sorted(names)]


def _image_file(name: PurePosixPath) -> ImageFile:
    patient = name.parts[0] if len(name.parts) > 1 else name.stem
    return ImageFile(str(name), patient, str(name.with_suffix('')))


def read_list_file(path: Path, images: list[ImageFile]) -> list[ImageFile]:
    """Choose the images that a list file names.

    Args:
        path: Text file with one relative image path (with or without suffix) or one patient a line;
            empty lines and lines that start with ``#`` are skipped.
        images: All images of the dataset.

    Returns:
        The images named, in the order of ``images``.

    Raises:
        DatasetError: The file cannot be read, names nothing, or has a line that names nothing.
    """
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError.at(
            path, f'the list file cannot be read ({error})', 'Correct ann_file in the config'
        ) from error
    known = {name for image in images for name in image}
    chosen = set()
    for number, line in enumerate(lines, start=1):
        entry = line.strip().replace('\\', '/')
        if not entry or entry.startswith('#'):
            continue
        if entry not in known:
            raise DatasetError.at(
                path,
                f'{entry!r} is neither an image under the image folder nor a patient',
                'Give one relative image path or one patient folder a line',
                f'line {number}',
            )
        chosen.add(entry)
    if not chosen:
        raise DatasetError.at(
            path, 'the list file names no image', 'Fill it, or leave ann_file empty'
        )
    return [image for image in images if not chosen.isdisjoint(image)]
