"""A clean table of patients, as ``handbone metadata`` writes it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.csv_files import read_table, row_error
from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form

from .cells import FACTORS
from .headers import PATIENT, UNITS, read_header

#: What is done about a table that is not clean.
REMEDY = 'Clean the table with `handbone metadata`.'


class PatientTable(NamedTuple):
    """Values of patients.

    Attributes:
        path: The file.
        columns: Value of each patient by the name of the column; an empty cell is left out.
        patients: All patients of the table, in its order.
    """

    path: Path
    columns: Mapping[str, Mapping[str, str]]
    patients: tuple[str, ...]

    def values(self, column: str, patients: Sequence[str]) -> list[str]:
        """Find the values of patients, an empty text where there is none.

        Args:
            column: Name of the column.
            patients: Names of the patients.

        Returns:
            One value per name.

        Raises:
            HandboneError: If there is no such column, or no patient is in the table.
        """
        self.require(column)
        if not set(self.patients) & {normal_form(name) for name in patients}:
            raise HandboneError(
                f'{self.path}: none of its patients ({listed(self.patients)}) is a folder of the '
                f'images ({listed(list(patients))}). `handbone metadata TABLE --data DATA` finds '
                'likely spellings.'
            )
        of_patient = self.columns[column]
        return [of_patient.get(normal_form(name), '') for name in patients]

    def require(self, column: str) -> None:
        """Make sure that there is a column.

        Args:
            column: Its name.

        Raises:
            HandboneError: If there is none.
        """
        if column not in self.columns:
            raise HandboneError(
                f'{self.path} has no column {shown(column)}; its columns are '
                f'{listed(list(self.columns), 12)}.'
            )


def read_patient_table(path: str | Path) -> PatientTable:
    """Read a clean table of patients: a CSV file with one row per patient.

    The first row names the columns: the patient as the folder of the images is named (``patient``,
    ``ID``, ``환자`` and so on), and others, such as ``age`` in years, ``sex``, ``height`` in cm,
    ``weight`` in kg.

    Args:
        path: The file.

    Returns:
        Its values.

    Raises:
        OSError: If it cannot be read.
        HandboneError: If it is not such a table; names file, line, what is wrong and what to do.

    Example:
        >>> table = read_patient_table('data/phantom/patients.csv')
        >>> table.values('sex', ['ID001', 'ID002'])
        ['F', 'M']
    """
    path = Path(path)
    header, rows = read_table(path)
    names = [_column_of(path, text) for text in header]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise row_error(path, 1, f'two columns mean {shown(twice[0])}', 'Keep one.')
    if PATIENT not in names:
        fault = f'no column names the patient, only {listed(header, 8)}'
        raise row_error(path, 1, fault, f'Name one {PATIENT!r} or ID.')
    place = names.index(PATIENT)
    columns: dict[str, dict[str, str]] = {name: {} for name in names if name != PATIENT}
    patients: dict[str, int] = {}
    for line, row in rows:
        patient = normal_form(row[place].strip())
        if not patient or patient in patients:
            fault = f'a second row of patient {shown(patient)}' if patient else 'no patient'
            raise row_error(path, line, fault, REMEDY)
        patients[patient] = line
        for name, cell in zip(names, row, strict=True):
            value = normal_form(cell.strip())
            if name == PATIENT or not value:
                continue
            if name in UNITS and not is_number(value):
                fault = f'the {name} {shown(value)} is not a number of {UNITS[name]}'
                raise row_error(path, line, fault, REMEDY)
            columns[name][patient] = value
    if not patients:
        raise row_error(
            path, 1, 'there is no row below the header', 'The file may be cut off; write it again.'
        )
    return PatientTable(path, columns, tuple(patients))


def _column_of(path: Path, text: str) -> str:
    """Name the column of a header, which has to be in the unit of a clean table."""
    header = read_header(text)
    if header.column in UNITS and FACTORS[header.column].get(header.unit, 1.0) != 1.0:
        raise row_error(path, 1, f'{shown(text)} is not in {UNITS[header.column]}', REMEDY)
    return header.column


def is_number(text: str) -> bool:
    """Tell whether a cell is a finite number, written with a decimal point."""
    try:
        return '_' not in text and math.isfinite(float(text))
    except ValueError:
        return False
