"""Image files put into the folder of a converted dataset."""

import filecmp
import os
import shutil
from pathlib import Path

from handbone.errors import HandboneError
from handbone.files import not_written, open_atomically

MODES = ('link', 'copy', 'none')


def place_image(source: Path, target: Path, mode: str) -> None:
    """Put an image file into a dataset.

    An older link in its place is replaced; what it leads to is left as it is.

    Args:
        source: The file.
        target: Where it goes; its folder is made.
        mode: 'link' makes a symbolic link, 'copy' a copy, 'none' nothing.

    Raises:
        HandboneError: There is a different file already.
        OSError: It cannot be written; the message names the file.
    """
    if mode == 'none' or _is_there(source, target, mode):
        return
    remove_link(target)
    if target.exists():
        raise HandboneError(
            f'{target} is there already and is not the image {source}. Choose an empty folder.'
        )
    if mode == 'copy':
        with source.open('rb') as original, open_atomically(target) as copy:
            shutil.copyfileobj(original, copy)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.path.realpath(source))
    except OSError as error:
        raise not_written(error, target) from error


def remove_link(path: Path) -> None:
    """Remove a link where a file is to be written, which would go to what the link leads to.

    Args:
        path: The file to be; what is no link is left as it is.

    Raises:
        OSError: The link cannot be removed; the message names the file to be.
    """
    try:
        if path.is_symlink():
            path.unlink()
    except OSError as error:
        raise not_written(error, path) from error


def _is_there(source: Path, target: Path, mode: str) -> bool:
    """Tell whether an image is in its place, in the way that was asked for."""
    if not target.exists():
        return False
    if os.path.samestat(source.lstat(), target.lstat()):
        return True  # the image itself lies here
    if mode == 'copy':
        return (
            target.is_file()
            and not target.is_symlink()
            and filecmp.cmp(source, target, shallow=False)
        )
    return target.samefile(source)
