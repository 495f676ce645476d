"""A table of patients in an Excel workbook, read without running or expanding anything in it."""

import datetime
import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from handbone.errors import HandboneError, listed, shown
from handbone.extras import import_extra
from handbone.listing import normal_form

from .raw_table import RawTable, find_header

#: Bytes of all parts of a workbook once they are unpacked.
LARGEST_CONTENT = 256 * 2**20
#: Cells of a sheet, up to the last row and column that have any: a file of a few kilobytes can have
#: one in the last of 17 billion places. openpyxl makes an object of each.
MOST_CELLS = 1_000_000
#: How an element of a cell begins.
CELL = re.compile(rb'<(?:\w+:)?c[\s/>]')
#: Places of all areas that are merged, of which openpyxl makes objects too.
MOST_MERGED = 100_000


def read_workbook(path: Path, sheet: str | None = None) -> RawTable:
    """Read a sheet of a workbook.

    Cells that a formula computes have the value that was saved with it. Cells that are merged have
    one value, in the first of them; the others are empty and listed.

    Args:
        path: The file.
        sheet: Name of the sheet. Default: the only one.

    Returns:
        The table.

    Raises:
        OSError: If the file cannot be read.
        HandboneError: If it is not a workbook, has no such sheet, or no header names the patient.
        MissingExtraError: If openpyxl is not installed.
    """
    openpyxl = import_extra('openpyxl', 'tables')
    content = path.read_bytes()
    _check_archive(path, content)
    try:
        formulas, values = (
            openpyxl.load_workbook(io.BytesIO(content), keep_links=False, data_only=data_only)
            for data_only in (False, True)
        )
    except Exception as error:  # whatever a damaged part makes of openpyxl
        raise HandboneError(
            f'{path} is not a workbook that can be read ({type(error).__name__}: '
            f'{shown(str(error))}). Save it again, or as CSV.'
        ) from error
    name = _sheet_name(path, [each.title for each in values.worksheets], sheet)
    cells = values[name]
    if cells.max_row * cells.max_column > MOST_CELLS:
        raise HandboneError(
            f'{path}, sheet {shown(name)}: its cells reach to row {cells.max_row} and column '
            f'{cells.max_column}, which is no table of patients. Delete what stands far from it, '
            'or save it as CSV.'
        )
    lines = [[_text(value) for value in row] for row in cells.iter_rows(values_only=True)]
    above = find_header(path, lines)
    width = max((place + 1 for place, text in enumerate(lines[above]) if text), default=0)
    return RawTable(
        path,
        lines[above][:width],
        [
            (above + 2 + index, row[:width])
            for index, row in enumerate(lines[above + 1 :])
            if any(row[:width])
        ],
        [f'{path}: the header is in line {above + 1}'] if above else [],
        frozenset(
            (cell.row, cell.column - 1)
            for row in formulas[name].iter_rows()
            for cell in row
            if cell.data_type == 'f'
        ),
        {
            (row, column - 1): _text(cells.cell(area.min_row, area.min_col).value)
            for area in cells.merged_cells.ranges
            for row, column in area.cells
            if (row, column) != (area.min_row, area.min_col)
        },
    )


def _check_archive(path: Path, content: bytes) -> None:
    """Refuse archives that unpack into too much, and XML that expands into too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > LARGEST_CONTENT:
                raise HandboneError(
                    f'{path} unpacks to more than {LARGEST_CONTENT // 2**20} MiB, so it is not a '
                    'table of patients. Save the sheet with the patients alone.'
                )
            for part in parts:
                if part.filename.endswith(('.xml', '.rels', '.vml')):
                    content = archive.read(part)
                    text = content.replace(b'\0', b'')  # of UTF-16
                    if b'<!DOCTYPE' in text or b'<!ENTITY' in text:
                        raise HandboneError(
                            f'{path}: {part.filename} declares XML entities, which no spreadsheet '
                            'needs. Save the table as CSV.'
                        )
                    if sum(1 for _ in CELL.finditer(text)) > MOST_CELLS:
                        raise HandboneError(
                            f'{path}: {part.filename} has more than {MOST_CELLS} cells, so it is '
                            'not a table of patients. Save the patients alone.'
                        )
                    if b'mergeCell' in text:
                        _check_merged(path, content)
    except HandboneError:
        raise
    except Exception as error:  # zipfile passes on what the decompressors raise
        raise HandboneError(
            f'{path} is not a workbook, or is cut off or encrypted ({shown(str(error))}). Save it '
            'again without a password, or as CSV.'
        ) from error


def _check_merged(path: Path, part: bytes) -> None:
    """Refuse more merged cells than any table has, before an object is made of each."""
    range_boundaries = import_extra('openpyxl.utils.cell', 'tables').range_boundaries
    places = 0
    for _, element in ElementTree.iterparse(io.BytesIO(part)):
        if element.tag.rpartition('}')[2] == 'mergeCell':
            area = element.get('ref', '')
            left, top, right, bottom = range_boundaries(area)
            places += (right - left + 1) * (bottom - top + 1)
            if places > MOST_MERGED:
                raise HandboneError(
                    f'{path}: more than {MOST_MERGED} cells are merged, up to {shown(area)}, which '
                    'is no table of patients. Separate them, or save the table as CSV.'
                )
        element.clear()


def _sheet_name(path: Path, names: list[str], sheet: str | None) -> str:
    if sheet is None and len(names) == 1:
        return names[0]
    found = [name for name in names if normal_form(name) == normal_form(sheet or '')]
    if not names:
        raise HandboneError(f'{path} holds no sheet with cells. Save it again, or as CSV.')
    if not found:
        what = f'has no sheet {shown(sheet)}' if sheet else 'has several sheets'
        raise HandboneError(f'{path} {what}. Choose one by --sheet: {listed(names, 12)}.')
    return found[0]


def _text(value: Any) -> str:
    """Write a value as a CSV would have it."""
    if value is None:
        return ''
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f'{value:.10g}'
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return normal_form(str(value)).strip()
