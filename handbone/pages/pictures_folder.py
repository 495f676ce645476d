"""The folder of pictures beside a page, which is emptied only if an earlier report made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from handbone.errors import HandboneError
from handbone.files import UNFINISHED, put_in_place, write_atomically

PICTURES = 'pictures'
#: A file that says that a folder of pictures is that of a page.
MARK = '.pictures_of_a_page'
#: Begins the name of a folder in which new pictures are drawn.
NEW = '.new_'


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


@contextmanager
def new_pictures(out_dir: Path) -> Iterator[Path]:
    """Give a folder to draw into, whose pictures then replace those of an earlier report.

    If drawing fails, those of the earlier report stay.

    Args:
        out_dir: Folder of the page.

    Yields:
        The folder, which is gone afterwards.

    Raises:
        HandboneError: As for :func:`check_pictures`.
        OSError: The folder cannot be made, or a picture cannot be put in its place.
    """
    check_pictures(out_dir)
    folder = out_dir / PICTURES
    write_atomically(folder / MARK, b'')
    for unfinished in folder.glob(f'{NEW}*'):
        rmtree(unfinished)  # of a process that was killed
    with TemporaryDirectory(prefix=NEW, dir=folder) as name:
        yield Path(name)
        empty_pictures(out_dir)
        for each in Path(name).iterdir():
            put_in_place(each, folder / each.name)
