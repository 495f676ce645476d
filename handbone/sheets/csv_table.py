"""A table in a CSV file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.csv_files import csv_bytes, read_table, row_error
from handbone.errors import shown
from handbone.files import write_atomically
from handbone.folder_lock import locked_file

from .keyed_table import Cell, KeyedTable, joined_columns, text_of

#: Seconds to wait for another process that is writing.
PATIENCE = 30.0


class CsvTable(KeyedTable):
    """A table in a CSV file, which is replaced as a whole.

    Rows that somebody else has added stay in their places, also without a key or with that of
    another row; of several rows with one key the first is replaced.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def _put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        key = next(iter(rows[0]))
        with locked_file(self.path, wait=PATIENCE):
            header, lines = self._read()
            if header and key not in header:
                remedy = 'Add it to the table, or name another file.'
                raise row_error(self.path, 1, f'there is no column {shown(key)}', remedy)
            columns = joined_columns(header, rows)
            for line in lines:
                line += [''] * (len(columns) - len(header))
            by_key = {line[columns.index(key)]: line for line in reversed(lines)}
            for row in rows:
                wanted = text_of(row[key])
                if wanted not in by_key:
                    by_key[wanted] = [''] * len(columns)
                    lines.append(by_key[wanted])
                for name, value in row.items():
                    by_key[wanted][columns.index(name)] = text_of(value)
            write_atomically(self.path, csv_bytes([columns, *lines]))

    def rows(self) -> list[dict[str, str]]:
        """Read all rows; see :class:`KeyedTable`.

        Returns:
            Cells by column.

        Raises:
            HandboneError: If it is not a CSV file; names file and line.
            OSError: If it cannot be read.
        """
        header, lines = self._read()
        return [dict(zip(header, fields, strict=True)) for fields in lines]

    def _read(self) -> tuple[list[str], list[list[str]]]:
        """Read the header and the cells of every row; nothing where there is no file yet."""
        if not self.path.exists():
            return [], []
        header, records = read_table(self.path)
        return header, [fields for _, fields in records]
