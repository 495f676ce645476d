"""SQLite files: one transaction at a time, whole or not at all, and errors in one line."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from handbone.errors import HandboneError

#: Seconds to wait for another process that is writing.
PATIENCE = 60.0


class DatabaseFileError(HandboneError):
    """A file cannot be read or written as a database."""


@contextlib.contextmanager
def transaction(path: Path, schema: str = '') -> Iterator[sqlite3.Connection]:
    """Read and write a database, alone.

    Args:
        path: The file; it is made, and its folder.
        schema: ``CREATE … IF NOT EXISTS`` statement, executed first.

    Yields:
        A connection, whose rows have names. What was written stays if the block ends without an
        error, else nothing of it does.

    Raises:
        DatabaseFileError: If the disk is full, the file is not a database, or another process
            holds it for too long; the message names the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _not_usable(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute('BEGIN IMMEDIATE')
        if schema:
            connection.execute(schema)
        yield connection
        connection.execute('COMMIT')
    except sqlite3.Error as error:
        raise _not_usable(path, error) from error
    finally:
        connection.close()  # takes back what is not committed


def _not_usable(path: Path, error: Exception) -> DatabaseFileError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    remedy = {
        'database or disk is full': 'free some space; what it holds is whole',
        'database is locked': 'another process is writing it; try again',
        'file is not a database': 'give another file',
        'unable to open database file': 'is the folder there, and may you write to it?',
    }.get(str(reason), 'give another file')
    return DatabaseFileError(f'{path}: {reason}, so nothing was written ({remedy})')
