"""Files of a folder, found by the names that tables and annotations give to images."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from handbone.errors import listed, shown
from handbone.listing import normal_form
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES

from .errors import DatasetError
from .file_list import ImageFile, list_files_of

#: Bytes of the name of a file, on all common systems and with room for a suffix of ours.
LONGEST_NAME = 240


class NamedFiles:
    """Files of a folder, found by the names that images have in a CSV.

    A name may be a path from the folder, a file name, or one of both without its suffix, as
    :class:`handbone.engine.hooks.RLESubmissionHook` writes them. What is a whole path is the name
    of that file alone, even if files of other folders are called so.

    Args:
        folder: The folder.
        suffixes: Suffixes of the files.

    Raises:
        DatasetError: The folder does not exist or holds none.
    """

    def __init__(self, folder: Path, suffixes: Iterable[str]) -> None:
        self.folder = folder
        self.files = list_files_of(folder, suffixes)
        if not self.files:
            raise DatasetError.at(
                folder, f'the folder holds no {", ".join(suffixes)} file', 'Correct the path'
            )
        #: Files by their path, by their path without suffix, and by the last part of both.
        self._indices: tuple[dict[str, list[ImageFile]], ...] = ({}, {}, {})
        for file in self.files:
            whole = normal_form(file.name)
            last = {PurePosixPath(each).name for each in (whole, file.key)}
            for index, names in zip(self._indices, ({whole}, {file.key}, last), strict=True):
                for name in names:
                    index.setdefault(name, []).append(file)

    def find(self, name: str) -> ImageFile | None:
        """Find the file of an image.

        Args:
            name: Name of the image.

        Returns:
            The file, or None.

        Raises:
            DatasetError: Several files have the name.
        """
        name = normal_form(name)
        found = self._named(name) or self._named(without_suffix(name))
        if len(found) > 1:
            raise DatasetError.at(
                self.folder,
                f'{len(found)} files are named {shown(name)}: '
                f'{listed([file.name for file in found])}',
                'Name images by their folders too, as in ID001/image1_R, in the CSV, or rename '
                'files that differ only in their suffixes',
            )
        return found[0] if found else None

    def _named(self, name: str) -> list[ImageFile]:
        """List the files that have a name as it is; a path counts before a part of one."""
        return next((index[name] for index in self._indices if name in index), [])

    def path(self, name: str) -> Path | None:
        """Find the path of the file of an image, or None."""
        file = self.find(name)
        return None if file is None else self.folder / file.name


def without_suffix(name: str) -> str:
    """Remove the suffix of an image file from a name."""
    path = PurePosixPath(name)
    return str(path.with_suffix('')) if path.suffix.lower() in IMAGE_SUFFIXES else name


def name_below(name: str, place: str | Path, where: str = '') -> str:
    """Take a name from a file as that of an image below some folder, never above it.

    Args:
        name: Any text: a name, a path of any system, or worse.
        place: The file, for errors.
        where: The place in it, for errors.

    Returns:
        A relative path with forward slashes, without ``..`` and without a drive.

    Raises:
        DatasetError: No file can have the name.

    >>> name_below('../../etc/hand.png', 'coco.json')
    'etc/hand.png'
    """
    parts = name.replace('\\', '/').split('/')
    kept = [part for part in parts if part not in ('', '.', '..') and not part.endswith(':')]
    if '\0' in name or any(_too_long(part) for part in kept):
        problem = f'no file can be named {shown(name)}'
        raise DatasetError.at(place, problem, 'Rename the image', where)
    return '/'.join(kept) or 'image'


def _too_long(name: str) -> bool:
    """Tell whether a name has too many bytes, or characters that no file system has."""
    try:
        return len(name.encode(errors='surrogateescape')) > LONGEST_NAME
    except UnicodeEncodeError:
        return True
