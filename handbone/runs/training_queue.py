"""The queue of trainings: an SQLite file that survives whatever ends the processes around it."""

import json
import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import gethostname

from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError, locked_folder
from handbone.sqlite_files import transaction

WAITING, RUNNING, FINISHED, FAILED = 'waiting', 'running', 'finished', 'failed'
CANCELLING, CANCELLED = 'cancelling', 'cancelled'
#: States in which the work dir of an entry belongs to it.
KEEPING = (WAITING, RUNNING, FINISHED, CANCELLING)
SCHEMA = """
CREATE TABLE IF NOT EXISTS trainings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    config TEXT NOT NULL, arguments TEXT NOT NULL, work_dir TEXT NOT NULL, folder TEXT NOT NULL,
    state TEXT NOT NULL, slot TEXT, host TEXT, runner TEXT,
    added TEXT NOT NULL, begun TEXT, ended TEXT, exit_code INTEGER
)
"""


@dataclass(frozen=True)
class QueueEntry:
    """A training of the queue.

    Attributes:
        id: Its number.
        config: Configuration file, as it was named.
        arguments: Further words for ``handbone train``.
        work_dir: Its work dir.
        folder: The folder that both are relative to.
        state: ``waiting``, ``running``, ``finished``, ``failed``, ``cancelling`` or ``cancelled``.
        slot: Where it runs or ran, such as ``GPU 0``.
        host: The machine.
        begun: When it first began, None before.
        ended: When it ended.
        exit_code: Exit code, negative for a signal.
    """

    id: int
    config: str
    arguments: tuple[str, ...]
    work_dir: str
    folder: str
    state: str
    slot: str | None
    host: str | None
    begun: str | None
    ended: str | None
    exit_code: int | None

    @property
    def path(self) -> Path:
        """The work dir, whatever the present folder is."""
        return Path(self.folder) / self.work_dir

    @property
    def place(self) -> Path:
        """The work dir as all its spellings and the links to it have it in common."""
        return Path(os.path.realpath(self.path))


class TrainingQueue:
    """The trainings that wait, run and have ended.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, config: str, arguments: Sequence[str], work_dir: str) -> QueueEntry:
        """Append a training.

        Args:
            config: Configuration file.
            arguments: Further words for ``handbone train``.
            work_dir: Its work dir.

        Returns:
            The entry.

        Raises:
            HandboneError: If the work dir is that of another entry, or the file cannot be written.
        """
        folder, place = str(Path.cwd()), Path(os.path.realpath(work_dir))
        with self._open() as database:
            for row in database.execute('SELECT * FROM trainings'):
                other = _entry(row)
                if other.state in KEEPING and other.place == place:
                    raise HandboneError(
                        f'{work_dir} is the work dir of training {other.id} of the queue '
                        f'({other.config}, {other.state}); give another --work-dir'
                    )
            cursor = database.execute(
                'INSERT INTO trainings (config, arguments, work_dir, folder, state, added) '
                'VALUES (?, ?, ?, ?, ?, ?)',
                (config, json.dumps([*arguments]), work_dir, folder, WAITING, now()),
            )
            row = database.execute('SELECT * FROM trainings WHERE id = ?', (cursor.lastrowid,))
            return _entry(row.fetchone())

    def entries(self) -> list[QueueEntry]:
        """List all trainings in their order.

        Returns:
            The entries; none where there is no queue yet.

        Raises:
            HandboneError: If the file cannot be read.
        """
        if not self.path.exists():
            return []
        with self._open() as database:
            return [_entry(row) for row in database.execute('SELECT * FROM trainings ORDER BY id')]

    def claim(self, slot: str, runner: str) -> QueueEntry | None:
        """Take the next training that waits.

        Args:
            slot: Where it will run.
            runner: Who runs it; see :meth:`register`.

        Returns:
            The entry as it was before, with ``begun`` if it was begun and interrupted.

        Raises:
            HandboneError: If the file cannot be written.
        """
        with self._open() as database:
            row = database.execute(
                'SELECT * FROM trainings WHERE state = ? ORDER BY id LIMIT 1', (WAITING,)
            ).fetchone()
            if row is None:
                return None
            database.execute(
                'UPDATE trainings SET state = ?, slot = ?, host = ?, runner = ?, '
                'begun = COALESCE(begun, ?), ended = NULL, exit_code = NULL WHERE id = ?',
                (RUNNING, slot, gethostname(), runner, now(), row['id']),
            )
            return _entry(row)

    def end(self, number: int, state: str, exit_code: int | None) -> None:
        """Note how a training ended.

        Args:
            number: Its number.
            state: The new state.
            exit_code: Its exit code.

        Raises:
            HandboneError: If the file cannot be written.
        """
        with self._open() as database:
            database.execute(
                'UPDATE trainings SET state = ?, ended = ?, exit_code = ? WHERE id = ?',
                (state, now(), exit_code, number),
            )

    def cancel(self, number: int) -> str:
        """Take a training out of the queue; one that runs is stopped by whoever runs it.

        Args:
            number: Its number.

        Returns:
            The new state.

        Raises:
            HandboneError: If there is no such training, or it has ended.
        """
        with self._open() as database:
            row = database.execute('SELECT * FROM trainings WHERE id = ?', (number,)).fetchone()
            if row is None:
                raise HandboneError(f'{self.path} has no training {number}')
            if row['state'] not in (WAITING, RUNNING, CANCELLING):
                raise HandboneError(f'training {number} is {row["state"]} already')
            alive = row['state'] != WAITING and not self._is_gone(row['runner'])
            state = CANCELLING if alive else CANCELLED
            database.execute('UPDATE trainings SET state = ? WHERE id = ?', (state, number))
            return state

    def release_interrupted(self, failed_too: bool = False) -> list[QueueEntry]:
        """Let those wait again whose queue has ended before them.

        Args:
            failed_too: Whether failed trainings shall be tried again as well, except those whose
                work dir a later one has taken.

        Returns:
            The entries.

        Raises:
            HandboneError: If the file cannot be written.
        """
        released = []
        with self._open() as database:
            rows = database.execute('SELECT * FROM trainings ORDER BY id DESC').fetchall()
            taken = {entry.place for entry in map(_entry, rows) if entry.state in KEEPING}
            for row in rows:
                gone = row['state'] in (RUNNING, CANCELLING) and self._is_gone(row['runner'])
                again = failed_too and row['state'] == FAILED and _entry(row).place not in taken
                if not gone and not again:
                    continue
                state = CANCELLED if row['state'] == CANCELLING else WAITING
                database.execute('UPDATE trainings SET state = ? WHERE id = ?', (state, row['id']))
                released.append(_entry(row))
                taken.add(released[-1].place)
        return released[::-1]

    def register(self) -> tuple[str, ExitStack]:
        """Say that this process runs trainings of the queue.

        Returns:
            Its name for :meth:`claim`, and a lock that others see as long as the process lives.
        """
        name, stack = uuid.uuid4().hex, ExitStack()
        stack.enter_context(locked_folder(self._runners / name))
        stack.callback(lambda: self._forget(name))
        return name, stack

    @property
    def _runners(self) -> Path:
        return self.path.with_name(f'.{self.path.name}.runners')

    def _is_gone(self, runner: str) -> bool:
        if not (self._runners / runner).is_dir():
            return True
        try:
            with locked_folder(self._runners / runner):
                pass
        except FolderInUseError:
            return False
        self._forget(runner)
        return True

    def _forget(self, runner: str) -> None:
        for path in (self._runners / runner, self._runners):
            if path.is_dir() and not any(each.name != '.lock' for each in path.iterdir()):
                (path / '.lock').unlink(missing_ok=True)
                path.rmdir()

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self.path, SCHEMA)


def now() -> str:
    """Write the present time with its zone."""
    return datetime.now().astimezone().isoformat(' ', 'seconds')


def _entry(row: sqlite3.Row) -> QueueEntry:
    names = QueueEntry.__dataclass_fields__
    values = {name: row[name] for name in names}
    return QueueEntry(**values | dict(arguments=tuple(json.loads(row['arguments']))))
