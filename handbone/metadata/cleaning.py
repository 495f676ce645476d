"""Cleans a table of patients: what it means is written in one way, what cannot be is listed."""

from collections.abc import Sequence
from typing import NamedTuple

from handbone.csv_files import row_error
from handbone.errors import listed, shown

from .cells import is_nothing, known_unit, number_text, read_number, read_sex
from .headers import PATIENT, UNITS, Header, read_header
from .patient_names import likely_folders
from .plausibility import impossible, likely_repair
from .raw_table import RawTable

#: The first columns of a clean table, as far as they are there; the others follow.
ORDER = (PATIENT, 'age', 'sex', 'height', 'weight')
#: Names that a note lists.
SHOWN = 5


class Finding(NamedTuple):
    """A cell that cannot be right.

    Attributes:
        line: Its line in the table.
        patient: The patient.
        column: Its column.
        value: What it holds.
        fault: What is wrong.
        repair: The likely value; empty if there is none.
        reason: Why it is likely.
    """

    line: int
    patient: str
    column: str
    value: str
    fault: str
    repair: str = ''
    reason: str = ''


class CleanTable(NamedTuple):
    """A table in the form that the other commands read.

    Attributes:
        columns: Names of the columns, the patient first.
        rows: Cells of each patient, in the order of the table.
        findings: What was wrong.
        notes: What else needs a word.
    """

    columns: tuple[str, ...]
    rows: list[list[str]]
    findings: list[Finding]
    notes: list[str]


class TableCleaner:
    """Cleans one table.

    Args:
        raw: The table as it stands in its file.
        folders: Names of the folders of images; empty if they are not known.
        repair: Take likely values in place of impossible ones, which are left out otherwise.
    """

    def __init__(self, raw: RawTable, folders: Sequence[str] = (), repair: bool = False) -> None:
        self.raw = raw
        self.folders = folders
        self.repair = repair
        self.headers = [read_header(text) for text in raw.header]
        self.findings: list[Finding] = []
        self.converted: dict[str, int] = {}
        self.different: dict[str, int] = {}
        self._check_headers()

    def clean(self) -> CleanTable:
        """Clean the table.

        Returns:
            The clean table, and what was wrong.

        Raises:
            HandboneError: If two columns mean the same, or no row has a patient.
        """
        people: dict[str, dict[str, str]] = {}
        renamed = self._renamed()
        for line, cells in self.raw.rows:
            values = self._merged_values(line, cells)
            name = values.pop(PATIENT)
            if is_nothing(name):
                self._find(line, '', PATIENT, name, 'the row has no patient')
                continue
            cleaned = self._cleaned(line, name, values)
            if name in renamed:
                fault = 'there is no folder of this name'
                self._find(line, name, PATIENT, name, fault, renamed[name], 'written differently')
                name = renamed[name] if self.repair else name
            self._join(line, name, people, cleaned)
        if not people:
            fault = 'there is no row with a patient below the header'
            raise row_error(self.raw.path, 1, fault, 'The file may be cut off.')
        names = [header.column for header in self.headers if header.column]
        columns = (
            *(name for name in ORDER if name in names),
            *(name for name in names if name not in ORDER),
        )
        rows = [
            [name, *(values.get(column, '') for column in columns[1:])]
            for name, values in people.items()
        ]
        return CleanTable(columns, rows, self.findings, [*self.raw.notes, *self._notes(people)])

    def _check_headers(self) -> None:
        named = [header.column for header in self.headers if header.column]
        twice = [name for name in named if named.count(name) > 1]
        if twice:
            raise row_error(
                self.raw.path, 1, f'two columns mean {shown(twice[0])}', 'Rename or remove one.'
            )

    def _renamed(self) -> dict[str, str]:
        """Find the folders of patients that are written differently."""
        place = [header.column for header in self.headers].index(PATIENT)
        names = dict.fromkeys(
            self.raw.merged.get((line, place), cells[place]) for line, cells in self.raw.rows
        )
        return likely_folders([name for name in names if not is_nothing(name)], self.folders)

    def _merged_values(self, line: int, cells: Sequence[str]) -> dict[str, str]:
        """List the cells by column; of a merged area, every cell has the value."""
        values = {}
        for place, (header, text) in enumerate(zip(self.headers, cells, strict=True)):
            if not header.column:
                continue
            merged = self.raw.merged.get((line, place), '')
            if merged and header.column != PATIENT:
                fault = 'the cell is merged with another'
                self._find(line, '', header.column, '', fault, merged, 'value of the merged cells')
                merged = merged if self.repair else ''
            values[header.column] = text or merged
            if (line, place) in self.raw.formulas and not text:
                fault = 'a formula whose value was not saved'
                self._find(line, '', header.column, '', fault)
        return values

    def _cleaned(self, line: int, name: str, values: dict[str, str]) -> dict[str, str]:
        """Clean the cells of a row."""
        cleaned = {}
        numbers: dict[str, float] = {}
        for header in self.headers:
            text = values.get(header.column, '')
            if header.column in (PATIENT, '') or is_nothing(text):
                continue
            if header.column in UNITS:
                number = self._number(line, name, header, text)
                if number is not None:
                    numbers[header.column] = number
            elif header.column == 'sex':
                sex = read_sex(text)
                if sex is None:
                    self._find(line, name, 'sex', text, 'neither female nor male')
                else:
                    self._count('sex', text, sex)
                    cleaned['sex'] = sex
            else:
                cleaned[header.column] = text
        self._judge(line, name, numbers)
        return cleaned | {column: number_text(value) for column, value in numbers.items()}

    def _number(self, line: int, name: str, header: Header, text: str) -> float | None:
        """Read a number; None if it is none, or has a decimal comma that is not repaired."""
        column = header.column
        number = read_number(text, column, header.unit)
        if number is None:
            self._find(line, name, column, text, f'not a number of {UNITS[column]}')
            return None
        if number.comma:
            value = number_text(number.value)
            self._find(line, name, column, text, 'a decimal comma', value, 'decimal comma')
            return number.value if self.repair else None
        unit = number.unit or known_unit(column, header.unit)
        if unit and unit != UNITS[column]:
            self._count(column, unit, UNITS[column])
        return number.value

    def _judge(self, line: int, name: str, numbers: dict[str, float]) -> None:
        """Repair or leave out the numbers of a person that cannot be."""
        faults = impossible(numbers)
        if not faults:
            return
        repair = likely_repair(numbers)
        changed = repair.values if repair else {}
        for column in dict.fromkeys([*faults, *changed]):
            likely = number_text(changed[column]) if column in changed else ''
            fault = faults.get(column, 'does not go with the other values')
            reason = repair.reason if repair and likely else ''
            self._find(line, name, column, number_text(numbers[column]), fault, likely, reason)
        if self.repair and changed:
            numbers.update(changed)
        else:
            for column in {**faults, **changed}:
                del numbers[column]

    def _join(
        self, line: int, name: str, people: dict[str, dict[str, str]], values: dict[str, str]
    ) -> None:
        """Add a row to what earlier rows say about the same patient."""
        known = people.setdefault(name, {})
        for column, value in values.items():
            former = known.setdefault(column, value)
            if former == value:
                continue
            if column in (*UNITS, 'sex'):
                fault = (
                    f'other rows of this patient have {shown(former)}'
                    if former
                    else ('other rows of this patient contradict each other')
                )
                self._find(line, name, column, value, fault)
                known[column] = ''
            else:
                self.different[column] = self.different.get(column, 0) + 1

    def _find(
        self,
        line: int,
        name: str,
        column: str,
        value: str,
        fault: str,
        repair: str = '',
        reason: str = '',
    ) -> None:
        self.findings.append(Finding(line, name, column, value, fault, repair, reason))

    def _count(self, column: str, text: str, meaning: str) -> None:
        if text != meaning:
            key = f'{column}: {shown(text)} is read as {meaning}'
            self.converted[key] = self.converted.get(key, 0) + 1

    def _notes(self, people: dict[str, dict[str, str]]) -> list[str]:
        notes = [f'{key} ({_number_of(count, "cell")})' for key, count in self.converted.items()]
        notes += [
            f'{column} differs between rows of one patient; the first is kept, and '
            f'{_number_of(count, "other")} left out'
            for column, count in self.different.items()
        ]
        if self.raw.formulas:
            number = _number_of(len(self.raw.formulas), 'formula')
            notes.append(f'{number} in the table, of which the saved values are read')
        if self.folders:
            without = [name for name in self.folders if name not in people]
            known = set(self.folders)
            strange = [name for name in people if name not in known]
            for names, kind, what in (
                (without, 'folder', 'without a row'),
                (strange, 'patient', 'without a folder'),
            ):
                if names:
                    number = _number_of(len(names), kind)
                    notes.append(f'{number} {what}: {listed(names, SHOWN)}')
        return notes


def _number_of(count: int, name: str) -> str:
    return f'{count} {name}{"s" * (count != 1)}'
