"""Which images to predict, listed one after another without holding them all."""

import glob
import hashlib
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.listing import alike_error, existing, files_below, normal_form, read_list
from handbone.radiographs.dicom_format import is_dicom
from handbone.radiographs.reading import SUFFIXES

from .path_patterns import fits, leads_to

KINDS = 'PNG, JPEG, TIFF, BMP, GIF, WebP, JPEG 2000, PNM or DICOM'
LIST = '@'
MAX_SUFFIXES = 5  # of files that are left out, each with its number
#: DICOM's table of contents of a medium, which looks like DICOM and holds no image.
TABLE_OF_CONTENTS = 'DICOMDIR'


class Source(NamedTuple):
    """One image to predict.

    Attributes:
        path: The file; ``None`` for an array.
        name: Its place in the outputs, as in :class:`handbone.inference.Prediction`.
        image_name: Its name in tables: the file's name, with folders where two files share it.
        image: The array where there is no file: grey values (H, W), or blue, green and red
            (H, W, 3).
    """

    path: Path | None
    name: str
    image_name: str
    image: np.ndarray | None = None

    @property
    def place(self) -> str:
        """The file, or the name where there is none, for messages."""
        return self.name if self.path is None else str(self.path)


@dataclass(frozen=True)
class Survey:
    """What one pass over all sources finds.

    Attributes:
        count: Number of images.
        digest: SHA-256 of their names, in hexadecimal digits.
        keep_suffix: Two images differ in their suffix alone, so names keep it.
        keep_folders: Two images share their file's name, so tables have the folders as well.
        left_out: Numbers of the files that are not images, by suffix.
    """

    count: int
    digest: str
    keep_suffix: bool
    keep_folders: bool
    left_out: Mapping[str, int]


class ImageSources:
    """The images that files, folders, patterns and lists name, always in the same order.

    Folders are searched with all below them, in the order of names, hidden files left out; files
    without a suffix or with that of a number count where they begin as DICOM does. Only the names
    of one folder are in memory at a time; those of a pattern are all of its matches.

    Args:
        arguments: Files, folders, patterns such as ``scans/*/*.png``, and ``@names.txt``, a text
            file with one image per line.

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

    def reaching(self, folder: Path) -> str | None:
        """Find an argument that would also name images in a folder, if there were any.

        Args:
            folder: The folder, which need not exist.

        Returns:
            The argument, a folder or a pattern; None if no argument reaches the folder.
        """
        folder = folder.resolve()
        return next((each for each in self.arguments if _reaches(each, folder)), None)

    def describe_left_out(self) -> str:
        """Say how many files are not images: one line, empty where all are."""
        return _describe(self.survey.left_out)

    def _paths(self, left_out: Counter[str] | None = None) -> Iterator[Path]:
        for argument in self.arguments:
            yield from _images_of(argument, left_out)

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(os.path.abspath(path), self.root)).as_posix()  # noqa: PTH100

    def _look_through(self) -> Survey:
        digest = hashlib.sha256(f'{self.root}\0'.encode(errors='surrogateescape'))
        # hashes in arrays: 24 bytes per image
        paths, stems, names = array('q'), array('q'), array('q')
        left_out: Counter[str] = Counter()
        for path in self._paths(left_out):
            relative = self._relative(path)
            digest.update(f'{relative}\0'.encode(errors='surrogateescape'))
            relative = normal_form(relative)
            paths.append(hash(relative))
            stems.append(hash(_without_suffix(relative)))
            names.append(hash(normal_form(path.name)))
        if not paths:
            what = ', '.join(self.arguments) or 'nothing'
            others = f' ({_describe(left_out)})' if left_out else ''
            raise HandboneError(
                f'{what}: there is no image ({KINDS}){others}; name a folder that has some'
            )
        if _repeated(paths):
            raise self._repetition()
        return Survey(len(paths), digest.hexdigest(), _repeated(stems), _repeated(names), left_out)

    def _repetition(self) -> HandboneError:
        """Describe the first image that is named twice."""
        first: dict[str, Path] = {}
        for path in self._paths():
            other = first.setdefault(normal_form(self._relative(path)), path)
            if other is not path:
                break
        if self._relative(path) != self._relative(other):
            return alike_error(self.root, self._relative(other), self._relative(path))
        return HandboneError(f'{path} is named twice: name each image once')


def _check(argument: str) -> None:
    if argument.startswith(LIST):
        if not Path(argument[1:]).is_file():
            raise FileNotFoundError(f'the list of images {argument[1:]} does not exist')
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


def _reaches(argument: str, folder: Path) -> bool:
    """Tell whether images below a folder, which is resolved, would be images of an argument."""
    path = Path(argument)
    if argument.startswith(LIST) or path.is_file():
        return False
    root, pattern = _split(path)
    root = root.resolve()
    if not folder.is_relative_to(root):
        return False
    return path.is_dir() or leads_to(folder.parts[len(root.parts) :], pattern)


def _images_of(argument: str, left_out: Counter[str] | None = None) -> Iterator[Path]:
    """Find the images of an argument, and count the other files."""
    path = Path(argument)
    if argument.startswith(LIST):
        yield from map(existing, listed_images(Path(argument[1:])))
    elif path.is_dir():
        yield from _images_among(files_below(path), left_out)
    elif path.exists():
        yield path
    elif '**' in path.parts:
        yield from _images_among(_matches_below(path), left_out)
    else:
        found = (Path(match) for match in glob.iglob(argument, recursive=True))  # noqa: PTH207
        yield from _images_among(sorted(each for each in found if each.is_file()), left_out)


def _images_among(paths: Iterable[Path], left_out: Counter[str] | None) -> Iterator[Path]:
    for path in paths:
        if _is_image(path):
            yield path
        elif left_out is not None:
            suffix = path.suffix.lower()
            left_out[suffix if suffix and not suffix[1:].isdecimal() else 'without suffix'] += 1


def _describe(left_out: Mapping[str, int]) -> str:
    if not left_out:
        return ''
    count = sum(left_out.values())
    kinds = sorted(left_out.items(), key=lambda kind: (-kind[1], kind[0]))
    shown = [f'{number} {suffix}' for suffix, number in kinds[:MAX_SUFFIXES]]
    if len(kinds) > MAX_SUFFIXES:
        shown.append(f'{sum(number for _, number in kinds[MAX_SUFFIXES:])} others')
    files = 'file is not an image and is' if count == 1 else 'files are not images and are'
    return f'{count} {files} left out: {", ".join(shown)}'


def listed_images(path: Path) -> Iterator[Path]:
    """Read a list of images.

    Args:
        path: Text file with one image per line, as :func:`handbone.listing.read_list` takes it.

    Yields:
        The images, as they are written there.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not a text in UTF-8.
    """
    for _, name in read_list(path):
        yield Path(name)


def _matches_below(pattern: Path) -> Iterator[Path]:
    """Find the files that match a pattern with ``**``, without following links in a circle."""
    folder, wanted = _split(pattern)
    for path in files_below(folder):
        if fits(path.parts[len(folder.parts) :], wanted) and path.is_file():
            yield path if pattern.is_absolute() else Path(os.path.relpath(path))


def _split(pattern: Path) -> tuple[Path, tuple[str, ...]]:
    """Split a pattern into the folder that it names and the parts to match below it."""
    folder = Path(_root(str(pattern)))
    return folder, Path(os.path.abspath(pattern)).parts[len(folder.parts) :]  # noqa: PTH100


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
