"""A table in an SQLite file."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.sqlite_files import transaction

from .keyed_table import Cell, KeyedTable, joined_columns, text_of


class SqliteTable(KeyedTable):
    """A table in an SQLite file. Not for disks of a network, which lock files badly.

    Args:
        path: The file.
        name: The table.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    def _put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        key = next(iter(rows[0]))
        table = _quoted(self.name)
        schema = f'CREATE TABLE IF NOT EXISTS {table} ({_quoted(key)} PRIMARY KEY)'
        with transaction(self.path, schema) as database:
            there = _columns(database, self.name)
            for name in joined_columns(there, rows)[len(there) :]:
                database.execute(f'ALTER TABLE {table} ADD COLUMN {_quoted(name)}')
            for row in rows:
                names = ', '.join(map(_quoted, row))
                marks = ', '.join('?' * len(row))
                update = ', '.join(f'{name} = excluded.{name}' for name in map(_quoted, row))
                database.execute(
                    f'INSERT INTO {table} ({names}) VALUES ({marks}) '
                    f'ON CONFLICT({_quoted(key)}) DO UPDATE SET {update}',
                    tuple(row.values()),
                )

    def rows(self) -> list[dict[str, str]]:
        """Read all rows; see :class:`KeyedTable`.

        Returns:
            Cells by column.

        Raises:
            HandboneError: If the file cannot be read.
        """
        if not self.path.exists():
            return []
        with transaction(self.path) as database:
            if not _columns(database, self.name):
                return []
            cursor = database.execute(f'SELECT * FROM {_quoted(self.name)} ORDER BY rowid')
            return [{name: text_of(row[name]) for name in row.keys()} for row in cursor]  # noqa: SIM118


def _columns(database: sqlite3.Connection, name: str) -> list[str]:
    return [row['name'] for row in database.execute(f'PRAGMA table_info({_quoted(name)})')]


def _quoted(name: str) -> str:
    """Quote a name, whatever is in it."""
    return '"' + name.replace('"', '""').replace('\0', '') + '"'
