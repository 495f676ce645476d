"""Which folder of images a patient of a table likely means."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from handbone.listing import normal_form

#: Words in lower case and numbers.
Key = tuple[str | int, ...]
#: A whole number as a spreadsheet or pandas writes it where other cells of its column are empty.
WHOLE = re.compile(r'(\d+)\.0+')


def likely_folders(names: Sequence[str], folders: Sequence[str]) -> dict[str, str]:
    """Find the folders of patients whose names are written differently.

    Names are alike if they differ in case, spaces, punctuation and zeros in front of numbers only;
    a number alone, which is what a spreadsheet makes of 001, as 1 or 1.0, is like the folder with
    this number.

    Args:
        names: Names in the table.
        folders: Names of the folders.

    Returns:
        Folder by name, for names that are no folder but are like one folder that no other name
        means.

    >>> likely_folders(['id-1', '2', 'ID003'], ['ID001', 'ID002', 'ID003'])
    {'id-1': 'ID001', '2': 'ID002'}
    """
    taken, known = set(map(normal_form, names)), set(map(normal_form, folders))
    by_key: dict[Key, list[str]] = defaultdict(list)
    by_number: dict[Key, list[str]] = defaultdict(list)
    for folder in folders:
        if normal_form(folder) not in taken:
            key = _key(folder)
            by_key[key].append(folder)
            by_number[tuple(part for part in key if isinstance(part, int))].append(folder)
    found: dict[str, str] = {}
    for name in names:
        if normal_form(name) in known:
            continue
        key = _key(name)
        alike = by_key.get(key, [])
        if not alike and len(key) == 1 and isinstance(key[0], int):
            alike = by_number.get(key, [])
        if len(alike) == 1:
            found[name] = alike[0]
    meant = Counter(found.values())
    return {name: folder for name, folder in found.items() if meant[folder] == 1}


def _key(name: str) -> Key:
    """Split a name into words in lower case and numbers."""
    name = normal_form(name).casefold().strip()
    whole = WHOLE.fullmatch(name)
    parts = re.findall(r'\d+|[^\W\d_]+', whole[1] if whole else name)
    return tuple(int(part) if part.isdecimal() else part for part in parts)
