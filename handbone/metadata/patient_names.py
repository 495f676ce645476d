"""Which folder of images a patient of a table likely means."""

import re
from collections.abc import Sequence

from handbone.listing import normal_form


def likely_folders(names: Sequence[str], folders: Sequence[str]) -> dict[str, str]:
    """Find the folders of patients whose names are written differently.

    Names are alike if they differ in case, spaces, punctuation and zeros in front of numbers only;
    a number alone, which is what a spreadsheet makes of 001, is like the folder with this number.

    Args:
        names: Names in the table.
        folders: Names of the folders.

    Returns:
        Folder by name, for names that are no folder but are like one folder that no other name
        means.

    >>> likely_folders(['id-1', '2', 'ID003'], ['ID001', 'ID002', 'ID003'])
    {'id-1': 'ID001', '2': 'ID002'}
    """
    taken = {normal_form(name) for name in names}
    free = [folder for folder in folders if normal_form(folder) not in taken]
    found: dict[str, str] = {}
    for name in names:
        if normal_form(name) in set(map(normal_form, folders)):
            continue
        key = _key(name)
        alike = [folder for folder in free if _key(folder) == key]
        if not alike and len(key) == 1 and isinstance(key[0], int):
            alike = [folder for folder in free if _numbers(folder) == key]
        if len(alike) == 1:
            found[name] = alike[0]
    meant = list(found.values())
    return {name: folder for name, folder in found.items() if meant.count(folder) == 1}


def _key(name: str) -> tuple[str | int, ...]:
    """Split a name into words in lower case and numbers."""
    parts = re.findall(r'\d+|[^\W\d_]+', normal_form(name).casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _numbers(name: str) -> tuple[str | int, ...]:
    return tuple(part for part in _key(name) if isinstance(part, int))
