"""Marks that a person sets on images, kept in a CSV that is written at every change."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.csv_files import csv_bytes, read_table, row_error
from handbone.errors import HandboneError, listed, shown
from handbone.files import write_atomically
from handbone.folder_lock import locked_file
from handbone.listing import normal_form, readable

from .sentences import Sentence

COLUMNS = ('image_name', 'mark', 'note')
#: What an image can be marked as: not fit for use, with labels to correct, or looked at and good.
KINDS = ('bad', 'correct', 'good')
#: Characters of a note.
LONGEST_NOTE = 500
#: Seconds to wait for another viewer that is writing.
PATIENCE = 10.0


class Marks:
    """Marks and notes of images.

    The CSV is read again where it has changed, and before it is written, so that several viewers
    may have it open, and a person may change it too.

    Args:
        path: The CSV; it is read if it is there.
        names: Names of the images.
        others: The name by further names that an image has in the file of a viewer of more or fewer
            data.

    Raises:
        HandboneError: It is another kind of file; names file and line.
        OSError: It cannot be read.
    """

    def __init__(
        self, path: Path, names: Sequence[str], others: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self._others = {normal_form(key): normal_form(name) for key, name in (others or {}).items()}
        self._names = list(names)
        self._lock = threading.Lock()
        #: The version of the file, and mark and note by name, also of images that are not shown
        #: now: in one, as several threads ask.
        self._kept: tuple[tuple[int, ...], dict[str, tuple[str, str]]] = (), {}
        self._rows()

    def all(self) -> list[str]:
        """Give the mark of every image; empty for none.

        Raises:
            HandboneError: The file has become another kind of file.
            OSError: It cannot be read any more.
        """
        return [mark for mark, _ in self._of_all()]

    def notes(self) -> list[str]:
        """Give the note of every image; empty for none. Raises what :meth:`all` does."""
        return [note for _, note in self._of_all()]

    def set(self, index: int, mark: str, note: str = '') -> None:
        """Set the mark of an image and write the file.

        Args:
            index: Number of the image.
            mark: One of :data:`KINDS`, or empty.
            note: A few words.

        Raises:
            HandboneError: There is no such mark, the note is too long, the file has become another
                kind of file, or another viewer holds it.
            OSError: The file cannot be written; what was there before is kept.
        """
        if mark and mark not in KINDS:
            raise HandboneError(
                Sentence(
                    'said_no_mark',
                    'A mark is one of {kinds}, not {mark}.',
                    kinds=listed(KINDS),
                    mark=shown(mark),
                )
            )
        if len(note) > LONGEST_NOTE:
            raise HandboneError(
                Sentence(
                    'said_long_note', 'A note has at most {count} characters.', count=LONGEST_NOTE
                )
            )
        name = normal_form(self._names[index])
        with self._lock, locked_file(self.path, wait=PATIENCE):
            rows = self._read()
            rows.pop(name, None)
            if mark or note:
                rows[name] = mark, readable(' '.join(note.split()))
            lines = ((each, *row) for each, row in sorted(rows.items()))
            write_atomically(self.path, csv_bytes([COLUMNS, *lines]))
            self._kept = _version(self.path), rows

    def marked(self, mark: str) -> list[int]:
        """List the images with a mark.

        Args:
            mark: One of :data:`KINDS`, or empty for those without any.

        Returns:
            Their numbers, rising.

        Raises:
            HandboneError: The file has become another kind of file.
            OSError: It cannot be read any more.
        """
        return [index for index, found in enumerate(self.all()) if found == mark]

    def _of_all(self) -> list[tuple[str, str]]:
        rows = self._rows()
        return [rows.get(normal_form(name), ('', '')) for name in self._names]

    def _rows(self) -> dict[str, tuple[str, str]]:
        """Give the rows, read again if somebody has changed the file."""
        kept, version = self._kept, _version(self.path)
        if version != kept[0]:
            self._kept = kept = version, self._read()
        return kept[1]

    def _read(self) -> dict[str, tuple[str, str]]:
        """Read the file, with the names that images have here."""
        rows = _read(self.path)
        found: dict[str, tuple[str, str]] = {}
        for name, row in rows.items():
            here = self._others.get(name, name)
            if here == name or here not in rows:
                found[here] = row
        return found


def _version(path: Path) -> tuple[int, ...]:
    """Tell files of one name apart; empty where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> dict[str, tuple[str, str]]:
    """Read the marks; none where there is no file yet."""
    if not path.exists():
        return {}
    header, rows = read_table(path, names=COLUMNS[:1])
    if tuple(header) != COLUMNS:
        raise row_error(
            path, 1, f'the header is not {",".join(COLUMNS)}', 'Name another file: --marks FILE.'
        )
    found: dict[str, tuple[str, str]] = {}
    for line, (name, mark, note) in rows:
        if mark and mark not in KINDS:
            raise row_error(path, line, f'{shown(mark)} is no mark', f'Use one of {listed(KINDS)}.')
        found[normal_form(name)] = mark, note
    return found
