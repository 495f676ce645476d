"""A table in a CSV file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.csv_files import csv_bytes, read_table
from handbone.files import write_atomically
from handbone.folder_lock import locked_folder

from .keyed_table import Cell, KeyedTable, joined_columns, text_of

#: Seconds to wait for another process that is writing.
PATIENCE = 30.0


class CsvTable(KeyedTable):
    """A table in a CSV file, which is replaced as a whole.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Add or replace rows; see :class:`KeyedTable`.

        Args:
            rows: Cells by column, with the key first.

        Raises:
            HandboneError: If the file is not a CSV file, or another process holds it.
            OSError: If it cannot be read or written.
        """
        if not rows:
            return
        key = next(iter(rows[0]))
        with locked_folder(self.path.with_name(f'.{self.path.name}.lock'), wait=PATIENCE):
            there = self.rows()
            columns = joined_columns([*there[0]] if there else [], rows)
            by_key = {row.get(key, ''): row for row in there}
            for row in rows:
                cells = {name: text_of(value) for name, value in row.items()}
                by_key[cells[key]] = by_key.get(cells[key], {}) | cells
            lines = [[row.get(name, '') for name in columns] for row in by_key.values()]
            write_atomically(self.path, csv_bytes([columns, *lines]))

    def rows(self) -> list[dict[str, str]]:
        """Read all rows; see :class:`KeyedTable`.

        Returns:
            Cells by column.

        Raises:
            HandboneError: If it is not a CSV file; names file and line.
            OSError: If it cannot be read.
        """
        if not self.path.exists():
            return []
        header, records = read_table(self.path)
        return [dict(zip(header, fields, strict=True)) for _, fields in records]
