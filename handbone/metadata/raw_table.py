"""A table of patients as it stands in a file: cells as text, whatever wrote it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handbone.csv_files import BYTE_ORDER_MARK, read_records, row_error
from handbone.errors import HandboneError, listed
from handbone.listing import UTF16_MARKS, normal_form

from .headers import PATIENT, read_header

#: No table of patients is larger; others would fill the memory.
LARGEST_FILE = 256 * 2**20
#: What may stand between the fields of a CSV, the usual one first.
SEPARATORS = (',', ';', '\t')
#: Lines above the header in which a title may stand.
TITLE_LINES = 10
#: Characters of a header at most; fields of twice as many are errors of the csv module.
LONGEST_HEADER = 2**16
WORKBOOK_SUFFIXES = ('.xlsx', '.xlsm')


@dataclass
class RawTable:
    """The cells of a table.

    Attributes:
        path: The file.
        header: The headers.
        rows: Line and cells of each row below the header.
        notes: How the file was read, where that was not plain.
        formulas: Places (line, column number) of cells that a formula computes.
        merged: Places whose cell is merged with that above or to the left, which has the value.
    """

    path: Path
    header: list[str]
    rows: list[tuple[int, list[str]]]
    notes: list[str] = field(default_factory=list)
    formulas: frozenset[tuple[int, int]] = frozenset()
    merged: dict[tuple[int, int], str] = field(default_factory=dict)


def read_raw_table(path: str | Path, sheet: str | None = None) -> RawTable:
    """Read a table from a CSV file or an Excel workbook.

    CSV files may be in UTF-8, UTF-16 or CP949 (Korean Windows), with commas, semicolons or tabs.
    Lines above the header, such as a title, are passed over.

    Args:
        path: The file.
        sheet: Name of the sheet of a workbook. Default: the only one.

    Returns:
        The table.

    Raises:
        OSError: If the file cannot be read.
        HandboneError: If it is not a table, or no header names the patient.
        MissingExtraError: If a workbook is to be read without openpyxl.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_FILE:
        raise HandboneError(
            f'{path} has more than {LARGEST_FILE // 2**20} MiB, so it is not a table of patients. '
            'Save the sheet with the patients alone.'
        )
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        from .workbook import read_workbook

        return read_workbook(path, sheet)
    if sheet is not None:
        raise HandboneError(f'{path} is not a workbook, so it has no sheet {sheet!r}.')
    return _read_csv(path)


def find_header(path: Path, lines: Sequence[Sequence[str]]) -> int:
    """Find the first line that names the patient.

    Args:
        path: The file, for errors.
        lines: The cells of its first lines.

    Returns:
        Index of the line.

    Raises:
        HandboneError: If none does.
    """
    for index, cells in enumerate(lines[:TITLE_LINES]):
        named = {read_header(cell).column for cell in cells if read_header(cell).known}
        if PATIENT in named and (len(named) > 1 or index == 0):
            return index
    cells = list(lines[0]) if lines else []
    raise row_error(
        path,
        1,
        f'no column names the patient, only {listed(cells, 8)}',
        f'Call the column with the names of the image folders {PATIENT} or ID.',
    )


def _read_csv(path: Path) -> RawTable:
    notes: list[str] = []
    text = _decoded(path, notes)
    lines = text.replace('\r\n', '\n').replace('\r', '\n').split('\n')
    if not any(line.strip() for line in lines):
        raise row_error(path, 1, 'the file is empty', 'Its first line must be the header.')
    if '\0' in text:
        raise HandboneError(f'{path} holds NUL bytes, so it is no CSV. Save it as CSV in UTF-8.')
    separator, above = _find_separator(path, lines[:TITLE_LINES])
    if separator != ',':
        name = {';': 'semicolons', '\t': 'tabs'}[separator]
        notes.append(f'{path}: fields are separated by {name}')
    if above:
        notes.append(f'{path}: the header is in line {above + 1}')
    content = '\n'.join(lines[above:]).encode(errors='surrogateescape')
    header, *records = read_records(io.BytesIO(content), path, separator.encode(), above)
    return RawTable(
        path,
        [normal_form(cell.decode()).strip() for cell in header.fields],
        [
            (record.line, [normal_form(cell.decode()).strip() for cell in record.fields])
            for record in records
        ],
        notes,
    )


def _find_separator(path: Path, lines: Sequence[str]) -> tuple[str, int]:
    """Find what stands between fields, and the header: decimal commas are no separators."""
    counts = {mark: max(line.count(mark) for line in lines) for mark in SEPARATORS}
    errors = []
    for separator in sorted(SEPARATORS, key=counts.__getitem__, reverse=True):
        try:
            return separator, find_header(path, [_cells(line, separator) for line in lines])
        except HandboneError as error:
            errors.append(error)
    raise errors[0]


def _cells(line: str, separator: str) -> list[str]:
    """Split a line that may be the header or a title, with quotes or without."""
    return next(csv.reader([line[:LONGEST_HEADER]], delimiter=separator), [''])


def _decoded(path: Path, notes: list[str]) -> str:
    """Decode a text file by its mark, else as UTF-8, else as CP949."""
    data = path.read_bytes()
    try:
        if data.startswith(UTF16_MARKS):
            notes.append(f'{path}: the file is in UTF-16')
            return data.decode('utf-16')
        return data.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError:
        try:
            text = data.decode('cp949')
        except UnicodeDecodeError as error:
            raise HandboneError(
                f'{path} is neither UTF-8 nor CP949 ({error.reason}). Save it as CSV in UTF-8.'
            ) from error
        notes.append(f'{path}: the file is in CP949 (Korean Windows)')
        return text
