"""The names of classes in a file of their own, one per line."""

import io
from collections.abc import Iterable
from pathlib import Path

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.listing import normal_forms, read_list

from ..errors import DatasetError

CLASS_LIST = 'classes.txt'


def read_class_list(path: Path) -> tuple[tuple[str, ...], str]:
    """Read a list.

    Args:
        path: The file.

    Returns:
        Names in class order, in normal form; and what to see to, if the last line has no end, so
        that its name may be cut off.

    Raises:
        DatasetError: It cannot be read, or names a class twice.
    """
    try:
        names = normal_forms(name for _, name in read_list(path))
        with path.open('rb') as file:
            file.seek(max(file.seek(0, io.SEEK_END) - 1, 0))
            whole = file.read() in (b'\n', b'\r')
    except (OSError, HandboneError) as error:
        raise DatasetError(str(error)) from error
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        problem = f'it names {shown(twice[0])} twice'
        raise DatasetError.at(path, problem, 'Give every class a name of its own')
    if whole or not names:
        return names, ''
    last = shown(names[-1])
    return names, f'the last line of {path} has no end: see that its name, {last}, is not cut off'


def write_class_list(folder: Path, classes: Iterable[str]) -> None:
    """Write the list.

    Args:
        folder: Where ``classes.txt`` goes.
        classes: Names in class order.
    """
    write_atomically(folder / CLASS_LIST, ''.join(f'{name}\n' for name in classes).encode())
