"""Image files put into the folder of a converted dataset."""

import os
import shutil
from pathlib import Path

from handbone.errors import HandboneError
from handbone.files import not_written, open_atomically

MODES = ('link', 'copy', 'none')


def place_image(source: Path, target: Path, mode: str) -> None:
    """Put an image file into a dataset.

    Args:
        source: The file.
        target: Where it goes; its folder is made.
        mode: 'link' makes a symbolic link, 'copy' a copy, 'none' nothing.

    Raises:
        HandboneError: There is a different file already.
        OSError: It cannot be written; the message names the file.
    """
    if mode == 'none':
        return
    if target.exists() and target.samefile(source):
        return
    if mode == 'copy':
        with source.open('rb') as original, open_atomically(target) as copy:
            shutil.copyfileobj(original, copy)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        elif target.exists():
            raise HandboneError(
                f'{target} is there already and is not the image {source}. Choose an empty folder.'
            )
        target.symlink_to(os.path.realpath(source))
    except OSError as error:
        raise not_written(error, target) from error
