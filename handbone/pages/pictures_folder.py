"""The folder of pictures beside a page, which is emptied only if an earlier report made it."""

from pathlib import Path

from handbone.errors import HandboneError
from handbone.files import UNFINISHED, write_atomically

PICTURES = 'pictures'
#: A file that says that a folder of pictures is that of a page.
MARK = '.pictures_of_a_page'


def check_pictures(out_dir: Path) -> None:
    """Make sure that the pictures of a page can go beside it.

    Args:
        out_dir: Folder of the page.

    Raises:
        HandboneError: There is a folder ``pictures`` with files that no report wrote.
        OSError: It cannot be listed.
    """
    folder = out_dir / PICTURES
    if not folder.exists() or (folder / MARK).is_file():
        return
    if any(not each.name.startswith('.') for each in folder.iterdir()):
        raise HandboneError(
            f'{folder} is there already, with files that are not of a report. Choose another '
            'folder for the report (--out-dir), or move these files.'
        )


def empty_pictures(out_dir: Path) -> None:
    """Make an empty folder for the pictures of a page; those of an earlier report are removed.

    Args:
        out_dir: Folder of the page.

    Raises:
        HandboneError: As for :func:`check_pictures`.
        OSError: The folder cannot be made or emptied.
    """
    check_pictures(out_dir)
    folder = out_dir / PICTURES
    write_atomically(folder / MARK, b'')
    for each in folder.iterdir():
        if each.suffix in ('.jpg', UNFINISHED):
            each.unlink()
