"""A table with one row for each key, whatever holds it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.errors import HandboneError
from handbone.listing import readable

#: What a cell may hold; None is an empty one.
Cell = str | int | float | None
DATABASES = ('.db', '.sqlite', '.sqlite3')
GOOGLE = 'https://docs.google.com/spreadsheets/d/'


class KeyedTable(ABC):
    """A table whose first column tells its rows apart.

    Several processes may write it. Columns that it does not have yet are added at its right end;
    columns that somebody else has added are left as they are.
    """

    def put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Add rows, or replace those with the same key.

        Args:
            rows: Cells by column. All rows have the same columns, with the key first. Bytes of
                names that are not UTF-8 are replaced, as no table holds them.

        Raises:
            HandboneError: If the table cannot be read or written.
            OSError: The same, for files.
        """
        if rows:
            self._put([{readable(name): _readable(row[name]) for name in row} for row in rows])

    @abstractmethod
    def _put(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Add or replace rows, at least one; see :meth:`put`."""

    @abstractmethod
    def rows(self) -> list[dict[str, str]]:
        """Read all rows.

        Returns:
            Cells by column in the order of the table; none where there is no table yet.

        Raises:
            HandboneError: If the table cannot be read.
            OSError: The same, for files.
        """


def open_table(target: str | Path, name: str, account: Path | None = None) -> KeyedTable:
    """Open a table by its place.

    >>> open_table('work_dirs/results.csv', 'results').rows()
    []

    Args:
        target: A CSV file, an SQLite file (``.db``), or the address of a Google Sheet.
        name: Which table of that place: ``'results'`` of runs, ``'machines'``. CSV files of other
            tables than ``results`` have it in their names.
        account: Key file of the service account, for Google Sheets. By default what the
            environment variable ``GOOGLE_APPLICATION_CREDENTIALS`` names.

    Returns:
        The table.

    Raises:
        HandboneError: If it is none of these.
    """
    text = str(target)
    if text.startswith(GOOGLE):
        from .google_sheet import GoogleSheet

        return GoogleSheet(text.removeprefix(GOOGLE).partition('/')[0], name, account)
    path = Path(target)
    if path.suffix == '.csv':
        from .csv_table import CsvTable

        return CsvTable(path if name == 'results' else path.with_stem(f'{path.stem}_{name}'))
    if path.suffix in DATABASES:
        from .sqlite_table import SqliteTable

        return SqliteTable(path, name)
    raise HandboneError(
        f'{text} is not a table: give a file that ends in .csv or .db, or the address of a Google '
        f'Sheet ({GOOGLE}…)'
    )


def joined_columns(there: Sequence[str], rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """Join the columns of a table and those of new rows.

    Args:
        there: The columns of the table.
        rows: New rows.

    Returns:
        All columns: those of the table in their places, also several of one name, and new ones.
    """
    return [*there, *dict.fromkeys(name for row in rows for name in row if name not in there)]


def text_of(value: Cell) -> str:
    """Write a cell as text.

    Args:
        value: The value.

    Returns:
        The text, empty for None.
    """
    return '' if value is None else str(value)


def _readable(value: Cell) -> Cell:
    return readable(value) if isinstance(value, str) else value
