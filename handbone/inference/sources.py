"""Which images to predict, listed one after another without holding them all."""

import glob
import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.radiographs.dicom_format import is_dicom

SUFFIXES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.dcm', '.dicom')
KINDS = 'PNG, JPEG, TIFF or DICOM'
LIST = '@'
#: DICOM's table of contents of a medium, which looks like DICOM and holds no image.
TABLE_OF_CONTENTS = 'DICOMDIR'


class Source(NamedTuple):
    """One image to predict.

    Attributes:
        path: The file; ``None`` for an array.
        name: Its place in the outputs, as in :class:`handbone.inference.Prediction`.
        image_name: Its name in tables: the file's name, with folders where two files share it.
        image: The array, grey values (H, W), where there is no file.
    """

    path: Path | None
    name: str
    image_name: str
    image: np.ndarray | None = None


@dataclass(frozen=True)
class Survey:
    """What one pass over all sources tells.

    Attributes:
        count: Number of images.
        digest: SHA-256 of their names, in hexadecimal digits.
        keep_suffix: Two images differ in their suffix alone, so names keep it.
        keep_folders: Two images share their file's name, so tables have the folders as well.
    """

    count: int
    digest: str
    keep_suffix: bool
    keep_folders: bool


class ImageSources:
    """The images that files, folders, patterns and lists name, always in the same order.

    Folders are searched with all below them, in the order of names, hidden files left out; files
    without a suffix or with that of a number count where they begin as DICOM does. Only the names
    of one folder are in memory at a time; those of a pattern are all of its matches.

    Args:
        arguments: Files, folders, patterns such as ``scans/*/*.png``, and ``@names.txt``, a text
            file with one image a line.

    Raises:
        FileNotFoundError: If one of them does not exist.
        HandboneError: If they name no image, or one image twice.
    """

    def __init__(self, arguments: Sequence[str | Path]) -> None:
        self.arguments = [str(argument) for argument in arguments]
        for argument in self.arguments:
            _check(argument)
        roots = [_root(argument) for argument in self.arguments]
        self.root = Path(os.path.commonpath(roots)) if roots else Path()
        self.survey = self._look_through()

    def __len__(self) -> int:
        return self.survey.count

    def __iter__(self) -> Iterator[Source]:
        for path in self._paths():
            relative = self._relative(path)
            stem = relative if self.survey.keep_suffix else _without_suffix(relative)
            yield Source(path, stem, relative if self.survey.keep_folders else path.name)

    def folders(self) -> list[Path]:
        """List the folders among the arguments."""
        return [Path(argument) for argument in self.arguments if Path(argument).is_dir()]

    def _paths(self) -> Iterator[Path]:
        for argument in self.arguments:
            yield from _images_of(argument)

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(os.path.abspath(path), self.root)).as_posix()  # noqa: PTH100

    def _look_through(self) -> Survey:
        digest = hashlib.sha256(f'{self.root}\0'.encode(errors='surrogateescape'))
        # hashes in arrays: 24 bytes an image
        paths, stems, names = array('q'), array('q'), array('q')
        for path in self._paths():
            relative = self._relative(path)
            digest.update(f'{relative}\0'.encode(errors='surrogateescape'))
            paths.append(hash(relative))
            stems.append(hash(_without_suffix(relative)))
            names.append(hash(path.name))
        if not paths:
            what = ', '.join(self.arguments) or 'nothing'
            raise HandboneError(f'{what}: there is no image ({KINDS}); name a folder that has some')
        if _repeated(paths):
            raise HandboneError(f'{self._twice()} is named twice: name each image once')
        return Survey(len(paths), digest.hexdigest(), _repeated(stems), _repeated(names))

    def _twice(self) -> Path:
        seen = set()
        return next(path for path in self._paths() if path in seen or seen.add(path))


def _check(argument: str) -> None:
    if argument.startswith(LIST):
        if not Path(argument[1:]).is_file():
            raise FileNotFoundError(f'there is no list of images {argument[1:]}')
    elif not Path(argument).exists() and not glob.has_magic(argument):
        raise FileNotFoundError(f'there is no image or folder {argument}')


def _root(argument: str) -> str:
    """Find the folder that the names of an argument's images are relative to."""
    if argument.startswith(LIST):
        folders = iter(_images_of(argument))
        root = next((path.parent for path in folders), Path())
        for path in folders:
            root = Path(os.path.commonpath([os.path.abspath(root), os.path.abspath(path.parent)]))  # noqa: PTH100
        return os.path.abspath(root)  # noqa: PTH100
    path = Path(argument)
    if not path.exists():
        parts = path.parts
        fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        path = Path(*parts[: min(fixed, len(parts) - 1)])
    elif not path.is_dir():
        path = path.parent
    return os.path.abspath(path)  # noqa: PTH100, links stay as they are named


def _images_of(argument: str) -> Iterator[Path]:
    path = Path(argument)
    if argument.startswith(LIST):
        yield from listed_images(Path(argument[1:]))
    elif path.is_dir():
        yield from _below(path, ())
    elif path.exists():
        yield path
    else:
        found = (Path(match) for match in glob.iglob(argument, recursive=True))  # noqa: PTH207
        yield from sorted(each for each in found if each.is_file() and _is_image(each))


def listed_images(path: Path) -> Iterator[Path]:
    """Read a list of images.

    Args:
        path: Text file with one image a line; empty lines and those that begin with ``#`` are
            passed over.

    Yields:
        The images.

    Raises:
        HandboneError: If it is no text in UTF-8.
    """
    try:
        with path.open(encoding='utf-8') as file:
            for line in file:
                if line.strip() and not line.startswith('#'):
                    yield Path(line.strip())
    except UnicodeDecodeError as error:
        raise HandboneError(
            f'{path} is no text in UTF-8 ({error}): name one image a line'
        ) from error


def _below(folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
    """Walk through a folder in the order of names; links back to a folder above are left out."""
    real = os.path.realpath(folder)
    if real in above:
        return
    with os.scandir(folder) as entries:
        names = sorted(
            (entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith('.')
        )
    for name, is_folder in names:
        path = folder / name
        if is_folder:
            yield from _below(path, (*above, real))
        elif _is_image(path):
            yield path


def _is_image(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    # files of archives are named by their UID, whose last number looks like a suffix
    if path.name == TABLE_OF_CONTENTS or (suffix and not suffix[1:].isdecimal()):
        return False
    try:
        with path.open('rb') as file:
            return is_dicom(path, file.read(132))
    except OSError:
        return False


def _without_suffix(name: str) -> str:
    base, suffix = os.path.splitext(name)  # noqa: PTH122
    return base if suffix.lower() in SUFFIXES else name


def _repeated(hashes: array) -> bool:
    ordered = np.sort(np.frombuffer(hashes, np.int64))
    return bool((ordered[1:] == ordered[:-1]).any())
