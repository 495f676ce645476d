"""The rows of a CSV of runs: where they are in the file, and what they hold."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handbone.csv_files import (
    decode,
    decode_name,
    read_records,
    read_run_records,
    row_error,
    split_record,
)
from handbone.errors import HandboneError, counted, shown
from handbone.listing import normal_form

from ..errors import DatasetError
from .csv_columns import Columns, find_columns
from .file_faults import faults_of

#: Ways to write that a mask is empty.
MINUS_ONE = '-1'
EMPTY = ('', MINUS_ONE, 'nan', 'NaN')

Size = tuple[int, int]


class RunRow(NamedTuple):
    """A row of the file.

    Attributes:
        label: Its class.
        offset: Its first byte.
        length: Its bytes.
        line: Its line, counted from 1.
    """

    label: str
    offset: int
    length: int
    line: int


class RunTable:
    """Finds the rows of a file in one pass and reads them when they are asked for.

    Args:
        path: The file.
        class_name: Name of the class where no column has it.

    Attributes:
        path: The file.
        columns: Its columns.
        rows: Rows by image, in the order of the file; none before :meth:`scan`.

    Raises:
        DatasetError: The file cannot be read or lacks a column.
    """

    def __init__(self, path: Path, class_name: str) -> None:
        self.path = path
        self.rows: dict[str, list[RunRow]] = {}
        self._class_name = class_name
        with faults_of(path, None), path.open('rb') as file:
            header = next(read_records(file, path))
            names = [decode(field, path, 1).strip() for field in header.fields]
            self.columns: Columns = find_columns(names, path)

    def scan(self, look: Callable[[str, str, Size | None], None]) -> None:
        """Find all rows.

        Args:
            look: Called with the image, the text of the runs and the size, if a column has it, of
                every row.

        Raises:
            DatasetError: The file has no row, one that is no CSV, or a class of an image twice.
        """
        with faults_of(self.path, None):
            self._find_rows(look)
        if not self.rows:
            raise DatasetError.at(self.path, 'there is no row below the header', 'Write it again')

    def labels(self) -> list[str]:
        """List the classes, as they first come."""
        return list(dict.fromkeys(row.label for rows in self.rows.values() for row in rows))

    def read(self, rows: Sequence[RunRow]) -> tuple[list[str], Size | None]:
        """Read rows of one image.

        Args:
            rows: The rows.

        Returns:
            The text of the runs of each row, and height and width if columns have them.

        Raises:
            DatasetError: The rows do not agree on the size.
        """
        texts, sizes = [], set()
        with self.path.open('rb') as file:
            for row in rows:
                content = os.pread(file.fileno(), row.length, row.offset)
                fields = split_record(content, self.path, row.line)
                texts.append(_text(fields[self.columns.runs]))
                sizes.add(self.columns.size(fields, self.path, row.line))
        if len(sizes) > 1:
            raise DatasetError.at(
                self.path,
                f'the rows of one image say {len(sizes)} sizes',
                'Correct height and width',
                f'line {rows[0].line}',
            )
        return texts, sizes.pop()

    def _find_rows(self, look: Callable[[str, str, Size | None], None]) -> None:
        columns = self.columns
        with self.path.open('rb') as file:
            records = read_run_records(file, self.path)
            next(records)  # the header
            for line, offset, length, fields in records:
                identity = decode_name(fields[columns.image])
                label = self._class_name
                if columns.label is not None:
                    label = normal_form(decode(fields[columns.label], self.path, line))
                rows = self.rows.setdefault(identity, [])
                self._check(identity, label, rows, line, columns.label is None)
                rows.append(RunRow(label, offset, length, line))
                look(identity, _text(fields[columns.runs]), columns.size(fields, self.path, line))

    def _check(
        self, identity: str, label: str, rows: Sequence[RunRow], line: int, several: bool
    ) -> None:
        if not identity or not label:
            fault = f'the {"class" if identity else "image"} has no name'
            raise row_error(self.path, line, fault, 'Name both in every row.')
        twice = next((row for row in rows if row.label == label), None)
        if twice is not None and not several:
            raise row_error(
                self.path,
                line,
                f'second row of image {shown(identity)}, class {shown(label)}, which line '
                f'{twice.line} has already',
                'Keep one row for each image and class.',
            )


def read_numbers(text: str) -> np.ndarray:
    """Read the numbers of a mask.

    Args:
        text: Starts and lengths in turn, or one of the ways to write an empty mask.

    Returns:
        Int64 array.

    Raises:
        HandboneError: It holds something else. The text is a clause without the file, which the
            caller knows.
    """
    if text in EMPTY:
        return np.zeros(0, np.int64)
    words = text.split()
    for word in words:
        if len(word) > 13 or not word.isdecimal():
            raise HandboneError(f'{shown(word)} is not a whole number')
    if len(words) % 2:
        raise HandboneError(f'it has {counted(len(words), "value")}, an odd count')
    return np.array(words, np.int64)


def _text(field: bytes) -> str:
    return field.decode('ascii', 'replace').strip()
