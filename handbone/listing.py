"""Finding files: folders walked, lists read, and names compared however they are written.

Unicode writes an accented letter or a Hangul syllable either as one character (NFC, the usual
form) or as several (NFD, the form of files copied from a Mac). Names are compared in NFC; files are
opened by the name that they really have.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path

from handbone.errors import HandboneError

#: First bytes of texts in UTF-16, which Windows programs call "Unicode".
UTF16_MARKS = (b'\xff\xfe', b'\xfe\xff')
#: What Python writes for bytes that are not UTF-8, and halves of characters.
NO_CHARACTERS = re.compile('[\ud800-\udfff]')
#: Characters of a line of a list, more than any path has.
LONGEST_LINE = 2**16


def normal_form(name: str) -> str:
    r"""Write a name in the form in which names are compared.

    Args:
        name: A file name, path or class name.

    Returns:
        The name in NFC.

    >>> normal_form('e\u0301') == '\u00e9'
    True
    """
    return unicodedata.normalize('NFC', name)


def is_utf8(name: str) -> bool:
    r"""Tell whether a name is UTF-8; names of files need not be.

    Args:
        name: A name as Python lists it.

    Returns:
        False if it has bytes that are not UTF-8.

    >>> is_utf8('\xe9'), is_utf8('\udce9')
    (True, False)
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(name: str) -> str:
    r"""Write a name as text that services and databases take, which is Unicode alone.

    Args:
        name: A name as Python lists it, or a text that holds such names.

    Returns:
        The same, with U+FFFD for each byte that is not UTF-8.

    >>> readable('h\udce4nd.png') == 'h\ufffdnd.png'
    True
    """
    return NO_CHARACTERS.sub('\N{REPLACEMENT CHARACTER}', name)


def normal_forms(names: Iterable[str]) -> tuple[str, ...]:
    """Write names, such as a class list, in the form in which names are compared.

    Args:
        names: The names.

    Returns:
        Each in NFC, in the order given.
    """
    return tuple(map(normal_form, names))


def by_normal_form(names: Iterable[str], place: str | Path) -> dict[str, str]:
    """Index names by their normal form.

    Args:
        names: Different names.
        place: The file or folder that has them, for the error.

    Returns:
        The names as they really are, by their normal form, in the order given.

    Raises:
        HandboneError: Two names differ only in their form.
    """
    index: dict[str, str] = {}
    for name in names:
        other = index.setdefault(normal_form(name), name)
        if other != name:
            raise alike_error(place, other, name)
    return index


def alike_error(place: str | Path, name: str, other: str) -> HandboneError:
    """Describe two names that differ only in their form.

    Args:
        place: The file or folder that has them.
        name: One name.
        other: The other name.

    Returns:
        The error to raise.
    """
    return HandboneError(
        f'{place}: {ascii(name)} and {ascii(other)} are the same name in two Unicode forms '
        '(NFC and NFD), so they cannot be told apart. Rename or remove one of them.'
    )


def existing(path: Path) -> Path:
    """Find the file or folder that a path means, in whatever form its names are written.

    Args:
        path: A path, of which any part may be in the other Unicode form.

    Returns:
        The path with its real names, or the path itself where there is no such file.

    Raises:
        HandboneError: Two files have the name in two other forms.
    """
    if str(path).isascii() or os.path.lexists(path) or path.parent == path:
        return path
    parent = existing(path.parent)
    try:
        names = _names_in(parent, parent.stat().st_mtime_ns)
    except OSError:
        return path
    alike = names.get(normal_form(path.name), ())
    if path.name in alike:
        return parent / path.name
    if len(alike) > 1:
        raise alike_error(parent, *alike[:2])
    return parent / alike[0] if alike else path


@lru_cache(4)
def _names_in(folder: Path, changed: int) -> dict[str, list[str]]:
    """List the real names in a folder by normal form; a folder that changed is listed again."""
    names: dict[str, list[str]] = {}
    for name in os.listdir(folder):  # noqa: PTH208, names are all that is needed
        names.setdefault(normal_form(name), []).append(name)
    return names


def files_below(folder: Path) -> Iterator[Path]:
    """Walk through a folder and all folders below it, in the order of names.

    Hidden files and folders are left out: archives made on a Mac carry a ``._image.png`` beside
    each image. Links to folders are followed, but every real folder is visited once: a link that
    leads back into the folder being walked, or to a folder that contains it, is left out.

    Args:
        folder: The folder.

    Yields:
        Paths of files, beginning with ``folder`` as it was given.

    Raises:
        OSError: A folder cannot be listed.
    """
    yield from _files_below(folder, Path(os.path.realpath(folder)), set(), linked=False)


def _files_below(folder: Path, root: Path, visited: set[Path], linked: bool) -> Iterator[Path]:
    """Walk through one folder.

    Args:
        folder: The folder.
        root: The real folder where the walk began.
        visited: Real folders that were reached through links.
        linked: The folder itself was reached through a link.
    """
    with os.scandir(folder) as entries:
        found = sorted(
            (normal_form(entry.name), entry.name, _is_folder(entry), entry.is_symlink())
            for entry in entries
            if not entry.name.startswith('.')
        )
    for _, name, is_folder, is_link in found:
        path = folder / name
        if not is_folder:
            yield path
            continue
        if linked or is_link:
            # without a link, no folder can be reached twice
            real = Path(os.path.realpath(path))
            if real in visited or root.is_relative_to(real) or _is_visible(real, root):
                continue
            visited.add(real)
        yield from _files_below(path, root, visited, linked or is_link)


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_visible(real: Path, root: Path) -> bool:
    """Tell whether a walk from a root comes to a folder without any link."""
    if not real.is_relative_to(root):
        return False
    return not any(name.startswith('.') for name in real.relative_to(root).parts)


def read_list(path: Path, errors: str = 'strict') -> Iterator[tuple[int, str]]:
    """Read a text file with one name per line.

    Empty lines and lines that start with ``#`` are skipped, and so is a byte-order mark, as Windows
    programs write it.

    Args:
        path: The file, in UTF-8.
        errors: What happens to bytes that are not UTF-8, as for :func:`open`: by default they are
            an error; with 'surrogateescape' they are decoded as Python decodes names of files.

    Yields:
        The number of the line, from 1, and its name without white space around it.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not a text in UTF-8.
    """
    with path.open('rb') as file:
        if file.read(2) in UTF16_MARKS:
            raise HandboneError(f'{path} is a text in UTF-16. Save it as UTF-8.')
    # decoded piece by piece, so that an error of decoding would not tell the line
    with path.open(encoding='utf-8', errors='surrogateescape') as file:
        for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), ''), start=1):
            # lists that were put together have a mark in the middle too
            name = line.strip('\ufeff \t\r\n')
            fault = ''
            if '\0' in name:
                fault = 'there is a zero byte, so this is not a text'
            elif len(line) == LONGEST_LINE:
                fault = f'it is longer than {LONGEST_LINE} characters'
            elif errors == 'strict' and not is_utf8(line):
                fault = 'not a text in UTF-8'
            if fault:
                raise HandboneError(
                    f'{path}, line {number}: {fault}. Save it as a text in UTF-8 with one name '
                    'per line.'
                )
            if name and not name.startswith('#'):
                yield number, name
