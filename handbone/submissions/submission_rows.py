"""Rows of a submission file, found once and read image by image.

The file is scanned once for the place of each row. The runs are read when an image is asked for, so
that rows may come in any order and no more than one image is in memory.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from handbone.csv_files import decode, decode_name, read_run_records, row_error, split_record
from handbone.errors import HandboneError, listed, shown
from handbone.listing import alike_error, normal_form, normal_forms
from handbone.masks import string_to_runs

from .image_names import spellings
from .rle_rows import COLUMNS

#: No image has as many pixels, and sums of smaller numbers do not overflow.
LARGEST = 2**40


class ImageRuns(NamedTuple):
    """The runs of all classes of one image.

    Attributes:
        starts: First pixels, counted from 0, int64 (n,), rising within a class.
        stops: Pixels behind the last ones, int64 (n,).
        classes: Class indices, int64 (n,), rising.
    """

    starts: np.ndarray
    stops: np.ndarray
    classes: np.ndarray

    def by_class(self, num_classes: int) -> list[np.ndarray]:
        """Divide the runs by class.

        Args:
            num_classes: Number of classes C.

        Returns:
            C arrays (n, 2) of [start, length], as :func:`handbone.masks.decode` takes them.
        """
        pairs = np.stack([self.starts, self.stops - self.starts], axis=1)
        return np.split(pairs, np.searchsorted(self.classes, np.arange(1, num_classes)))


class _Row(NamedTuple):
    """The place of a row: its first byte, its number of bytes, its line counted from 1."""

    offset: int
    length: int
    line: int


class SubmissionRows:
    """A CSV with the columns ``image_name``, ``class`` and ``rle``, open for reading.

    Args:
        path: The file. Rows may come in any order; other columns are ignored.

    Attributes:
        path: The file.
        rows: Rows by image name and class name, images in the order of the file. The image names
            and class names are in the normal form, so that files compare whose names are written
            differently.
        names: Image names as they are in the file, by their normal form.
        classes: Line of the first row of each class, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not such a CSV, or has two rows of one image and class. The message
            names file and line and says what to do.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.rows: dict[str, dict[str, _Row]] = {}
        self.names: dict[str, str] = {}
        self.classes: dict[str, int] = {}
        self._file = self.path.open('rb')
        try:
            self._find_rows()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def find(self, name: str) -> str | None:
        """Find the image of the file that a dataset's image is.

        Args:
            name: Path of the image below its folder; the file may have that path, the file name or
                the stem.

        Returns:
            The image in normal form, a key of ``rows``; None if the file does not have it.
        """
        return next((each for each in spellings(name) if each in self.rows), None)

    def read(
        self, image_name: str, classes: Sequence[str], num_pixels: int | None = None
    ) -> ImageRuns:
        """Read the runs of an image.

        Args:
            image_name: The image; without rows it has no runs.
            classes: Class names in class order.
            num_pixels: Pixels of the image, to check that no run ends outside it.

        Returns:
            The runs of all classes.

        Raises:
            HandboneError: If a row does not hold runs. The message names file and line.
        """
        rows = self.rows.get(normal_form(image_name), {})
        classes = normal_forms(classes)
        found = [(index, rows[name]) for index, name in enumerate(classes) if name in rows]
        values = [self._numbers(row, num_pixels) for _, row in found]
        if not values:
            nothing = np.zeros(0, np.int64)
            return ImageRuns(nothing, nothing, nothing)
        pairs = np.concatenate(values).reshape(-1, 2)
        counts = [len(row) // 2 for row in values]
        class_of_run = np.repeat([index for index, _ in found], counts)
        starts = pairs[:, 0] - 1
        stops = starts + pairs[:, 1]
        faulty = (starts < 0) | (stops <= starts)
        faulty[1:] |= (starts[1:] < stops[:-1]) & (class_of_run[1:] == class_of_run[:-1])
        if num_pixels is not None:
            faulty |= stops > num_pixels
        if faulty.any():
            self._explain(rows[classes[class_of_run[faulty.argmax()]]], num_pixels)
        return ImageRuns(starts, stops, class_of_run)

    def check_complete(self, image_name: str, classes: Sequence[str]) -> None:
        """Check that an image has a row of every class.

        Args:
            image_name: The image.
            classes: Class names.

        Raises:
            HandboneError: If it lacks one.
        """
        of_image = self.rows[normal_form(image_name)]
        missing = [name for name in normal_forms(classes) if name not in of_image]
        if missing:
            raise HandboneError(
                f'{self.path}: image {shown(self.names[normal_form(image_name)])} has no row of '
                f'class {listed(missing, len(missing))}. Write a row with an empty rle for an '
                'empty mask.'
            )

    def copy(self, image_name: str) -> bytes:
        """Read the rows of an image as they are.

        Args:
            image_name: The image.

        Returns:
            Its lines, in the order of the file, each with its end.
        """
        rows = self.rows[normal_form(image_name)].values()
        lines = (os.pread(self._file.fileno(), row.length, row.offset) for row in rows)
        return b''.join(line.rstrip(b'\r\n') + b'\n' for line in lines)

    def error(self, line: int, fault: str, remedy: str) -> HandboneError:
        """Make an error that names file and line.

        Args:
            line: The line, counted from 1.
            fault: What is wrong.
            remedy: What to do, a sentence.

        Returns:
            The error, to be raised.
        """
        return row_error(self.path, line, fault, remedy)

    def _find_rows(self) -> None:
        records = read_run_records(self._file, self.path)
        self._places = self._find_columns(next(records).fields)
        names: dict[bytes, str] = {}
        classes: dict[bytes, str] = {}
        for line, offset, length, fields in records:
            name, class_field = fields[self._places[0]], fields[self._places[1]]
            if not name or not class_field:
                fault = f'the {"class" if name else "image"} has no name'
                raise self.error(line, fault, 'Name both in every row.')
            image = names.get(name) or names.setdefault(name, self._add_image(name))
            class_name = classes.get(class_field) or classes.setdefault(
                class_field, normal_form(decode(class_field, self.path, line))
            )
            rows = self.rows.setdefault(image, {})
            if class_name in rows:
                raise self.error(
                    line,
                    f'second row of image {shown(image)}, class {shown(class_name)}, which line '
                    f'{rows[class_name].line} has already',
                    'Keep one row for each image and class.',
                )
            rows[class_name] = _Row(offset, length, line)
            self.classes.setdefault(class_name, line)
        if not self.rows:
            raise self.error(
                1, 'there is no row below the header', 'The file may be cut off; write it again.'
            )

    def _add_image(self, field: bytes) -> str:
        """Note the name of an image and return its normal form."""
        name = decode_name(field)
        key = normal_form(name)
        if self.names.setdefault(key, name) != name:
            raise alike_error(self.path, self.names[key], name)
        return key

    def _find_columns(self, header: Sequence[bytes]) -> list[int]:
        """Find the places of the columns in the header."""
        names = [decode(name, self.path, 1) for name in header]
        for fault, faulty in (
            ('lacks', [column for column in COLUMNS if column not in names]),
            ('has twice', [column for column in COLUMNS if names.count(column) > 1]),
        ):
            if faulty:
                raise self.error(
                    1,
                    f'the header {shown(",".join(names))} {fault} {", ".join(faulty)}',
                    f'The first line must be {",".join(COLUMNS)}.',
                )
        return [names.index(column) for column in COLUMNS]

    def _row(self, row: _Row) -> list[bytes]:
        """Read image name, class and runs of a row."""
        content = os.pread(self._file.fileno(), row.length, row.offset)
        fields = split_record(content, self.path, row.line)
        return [fields[place] for place in self._places]

    def _numbers(self, row: _Row, num_pixels: int | None) -> np.ndarray:
        """Read the numbers of a row, int64; they may not yet be runs."""
        rle = self._row(row)[2]
        if rle.translate(None, b'0123456789 '):  # what is left is not a digit and not a space
            return self._explain(row, num_pixels)
        numbers = np.fromstring(rle, np.int64, sep=' ') if rle.strip() else np.zeros(0, np.int64)
        if len(numbers) % 2 or numbers.max(initial=0) >= LARGEST:
            return self._explain(row, num_pixels)
        return numbers

    def _explain(self, row: _Row, num_pixels: int | None) -> np.ndarray:
        """Read a row slowly, to say what is wrong with it.

        Returns:
            Its numbers, where an unusual form is right after all, such as tabs between them.
        """
        name, class_name, rle = self._row(row)
        try:
            limit = LARGEST if num_pixels is None else num_pixels
            return (string_to_runs(rle.decode('ascii'), limit) + (1, 0)).ravel()
        except (ValueError, OverflowError) as error:
            reason = 'it holds other characters than digits and spaces'
            raise self.error(
                row.line,
                f'bad RLE of image {shown(decode_name(name))}, class '
                f'{shown(class_name.decode())}: '
                f'{reason if isinstance(error, UnicodeError) else str(error).rstrip(".")}',
                'Write "start length start length …", starts from 1, rising and inside the image.',
            ) from error
