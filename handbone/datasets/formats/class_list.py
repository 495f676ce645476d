"""The names of classes in a file of their own, one per line."""

from collections.abc import Iterable
from pathlib import Path

from handbone.files import write_atomically

CLASS_LIST = 'classes.txt'


def write_class_list(folder: Path, classes: Iterable[str]) -> None:
    """Write the list.

    Args:
        folder: Where ``classes.txt`` goes.
        classes: Names in class order.
    """
    write_atomically(folder / CLASS_LIST, ''.join(f'{name}\n' for name in classes).encode())
