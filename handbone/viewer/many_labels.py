"""The classes of a dataset of very many label files, without reading all of them first."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handbone.bones import CLASSES
from handbone.datasets.annotation_file import labels_of
from handbone.datasets.errors import DatasetError
from handbone.datasets.file_list import list_files
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.hand_bone import ANNOTATIONS
from handbone.datasets.formats.source import Source
from handbone.listing import normal_forms

#: From this number of files on, not all of them are read before the first image is shown.
MANY = 1000
#: Files that are read instead, spread over all of them.
READ = 100


def with_likely_classes(source: Source) -> Source:
    """Take the 29 bones as the classes where a hundred of very many files name nothing else.

    The reader of the hand-bone layout finds the classes in the files themselves, and reads each of
    them for that. A file that names something else after all is reported when its image is shown.

    Args:
        source: The data.

    Returns:
        The same with the 29 bones as its classes; unchanged where the files are few, are of
        another format, name other classes, or where the classes were chosen.
    """
    chosen = source.choice or ClassChoice()
    inner = source.path / ANNOTATIONS
    if chosen.classes is not None or source.format not in (None, 'hand-bone'):
        return source
    if not inner.is_dir():
        return source
    files = [inner / file.name for file in list_files(inner, '.json')]
    if len(files) < MANY or not _all_bones(files[:: len(files) // READ], chosen):
        return source
    return replace(source, choice=replace(chosen, classes=CLASSES))


def _all_bones(files: Sequence[Path], chosen: ClassChoice) -> bool:
    allowed = {*CLASSES, *chosen.rename, *chosen.skip}
    for file in files:
        try:
            if not set(normal_forms(labels_of(file))) <= allowed:
                return False
        except DatasetError:
            continue  # it comes again when the image is shown
    return True
