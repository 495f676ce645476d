"""CSV files of runs, as Kaggle's competitions have them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from handbone.appended_file import AppendedFile
from handbone.errors import HandboneError, check_word, shown
from handbone.masks.rle import check_runs
from handbone.masks.run_union import unite_runs
from handbone.submissions.rle_rows import HEADER, rle_rows

from ..bad_files import BadFiles
from ..errors import DatasetError
from ..mask_runs import pack_runs
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .csv_columns import ORGAN
from .format_reader import FormatReader, Size
from .format_writer import FormatWriter
from .only_file import only_file
from .run_conventions import ORDERS, UW_MADISON, Convention, RunEvidence, known_layout
from .run_table import MINUS_ONE, RunRow, RunTable, read_numbers

NAME = 'masks.csv'
#: What classes without a row of an image can be in it.
UNLISTED = ('absent', 'unknown')
#: How UW-Madison's ids are made of the paths of its images.
UW_MADISON_KEY = r'(case[0-9]+_day[0-9]+)/scans/(slice_[0-9]+)_'


class RleCsvReader(FormatReader):
    """Reads a CSV with one row of runs per image and class, or several per image without classes.

    The file is scanned once for the place of each row; runs are read when an image is asked for.
    What an option leaves open is told by the columns of known competitions or by the numbers; where
    two readings fit, the file is refused.

    A column ``organ``, as in HuBMAP's tables, says what an image shows and was annotated for:
    the classes without a row of an image are unknown in it. With other columns they are absent.

    Args:
        source: The file, or a folder with one CSV.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        order: 'rows' or 'columns', the way that runs go.
        first: Number of the first pixel, 0 or 1.
        relative: Whether a start counts from the end of the run before it.
        size: Height and width of all images, where neither columns nor images tell.
        class_name: Name of the class where no column has it.
        image_key: Regular expression that finds the id of an image in its path; its groups are
            joined by underscores.
        unlisted: What the classes without a row of an image are in it: 'absent', or 'unknown' as
            nobody has looked for them. None lets the columns tell.

    Raises:
        HandboneError: An option is not valid.
        DatasetError: The file is no such CSV.
    """

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        order: str | None = None,
        first: int | None = None,
        relative: bool | None = None,
        size: Sequence[int] | None = None,
        class_name: str = 'mask',
        image_key: str | None = None,
        unlisted: str | None = None,
    ) -> None:
        _check_options(order, first, relative, size)
        if unlisted is not None:
            check_word('unlisted', unlisted, UNLISTED)
        _check_texts(class_name, image_key)
        super().__init__(source, images, choice, bad_files)
        self._size = None if size is None else (int(size[0]), int(size[1]))
        self._table = RunTable(only_file(self.source, '.csv'), class_name)
        self.place = self._table.path
        self._layout = known_layout(self._table.columns.names)
        self._key = (
            UW_MADISON_KEY if image_key is None and self._layout is UW_MADISON else image_key
        )
        self._by_key: dict[str, str] | None = None
        self._evidence = RunEvidence()
        self._table.scan(self._look)
        self.classes, self._indices = self.choice.resolve(
            self._table.labels(), self._table.path, complete=False
        )
        self._convention = self._decide(Convention(order, first, relative))
        self._unlisted = unlisted or self._usual_unlisted()

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._table.rows)

    def entries(self) -> Iterator[tuple[str, list[RunRow]]]:
        """List the images with their rows, in the order of the file."""
        yield from self._table.rows.items()

    def entry_name(self, entry: tuple[str, list[RunRow]]) -> str:
        """Name an image; see the base class."""
        return self.known_name(self._name(entry[0]))

    def read(self, entry: tuple[str, list[RunRow]]) -> AnnotatedImage:
        """Read the rows of one image; see the base class."""
        identity, rows = entry
        texts, size = self._table.read(rows)
        where = f'line {rows[0].line}'
        known_size = size or (None if self.has_image(self._name(identity)) else self._size)
        name, path, size = self.locate(self._name(identity), known_size, self._table.path, where)
        runs: dict[int, list[np.ndarray]] = {}
        for row, text in zip(rows, texts, strict=True):
            index = self._indices[row.label]
            if index is not None:
                runs.setdefault(index, []).append(self._runs(identity, row, text, size))
        united = {index: unite_runs(parts) for index, parts in sorted(runs.items())}
        order = ORDERS[str(self._convention.order)]
        unknown: frozenset[int] = frozenset()
        if self._unlisted == 'unknown':
            listed = {self._indices[row.label] for row in rows}
            unknown = frozenset(range(len(self.classes))) - listed
        labels = pack_runs(united, order)
        return AnnotatedImage(name, path, *size, labels, unknown=unknown)

    def _look(self, identity: str, text: str, size: Size | None) -> None:
        """See what a row says about how runs are written."""
        if text == MINUS_ONE:
            self._evidence.minus_one += 1
        try:
            numbers = read_numbers(text)
        except HandboneError:
            return  # it comes again when the row is read
        if size is None and (self._layout is None or None in self._layout.convention):
            size = self._size or self._size_of_image(identity)
        self._evidence.add(numbers, size)

    def _decide(self, given: Convention) -> Convention:
        """Decide how runs are written, and note why."""
        try:
            convention, reasons = self._evidence.convention(given, self._layout)
        except HandboneError as error:
            raise DatasetError.of(self._table.path, error, 'Write it again') from error
        if reasons:
            starts = 'relative' if convention.relative else 'absolute'
            self.notes.append(
                f'runs go along {convention.order}, starts are {starts} and count from '
                f'{convention.first}: {reasons}'
            )
        return convention

    def _usual_unlisted(self) -> str:
        """Tell what classes without a row of an image are in it, and note why."""
        columns = self._table.columns
        if columns.label is None or columns.names[columns.label] != ORGAN:
            return 'absent'
        self.notes.append(
            f'an image shows the {ORGAN} of its rows, so its other classes are unknown in it; '
            '--read unlisted=absent says that they are absent'
        )
        return 'unknown'

    def _size_of_image(self, identity: str) -> Size | None:
        """Read the size of an image from its file, if it is there."""
        name = self._name(identity)
        try:
            return self.locate(name, None, name)[2] if self.has_image(name) else None
        except DatasetError:
            return None  # it comes again when the image is read

    def _name(self, identity: str) -> str:
        """Find the name of the file of an image by its id."""
        if self._key is None or self._images is None:
            return identity
        if self._by_key is None:
            found = ((re.search(self._key, file.name), file.name) for file in self._images.files)
            self._by_key = {
                '_'.join(filter(None, match.groups())): name for match, name in found if match
            }
        return self._by_key.get(identity, identity)

    def _runs(self, identity: str, row: RunRow, text: str, size: Size) -> np.ndarray:
        """Read the runs of a row: int64 (n, 2) of [start, length], starts from 0."""
        try:
            runs = read_numbers(text).reshape(-1, 2)
            if self._convention.relative:
                ends = np.cumsum(runs.sum(axis=1))
                runs[:, 0] = ends - runs[:, 1]
            else:
                runs[:, 0] -= self._convention.first or 0
            check_runs(runs, size[0] * size[1])
        except HandboneError as error:
            raise DatasetError.at(
                self._table.path,
                f'bad RLE of image {shown(identity)}, class {shown(row.label)}: {error}',
                'Correct the row, or say how runs are written (--read order, first, relative)',
                f'line {row.line}',
            ) from error
        return runs


class RleCsvWriter(FormatWriter):
    """Writes ``masks.csv`` with the columns ``image_name``, ``class`` and ``rle``.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: Not used.
        order: 'rows' as in a submission, or 'columns'. Starts count from 1.

    Raises:
        HandboneError: The order is unknown.
    """

    LABEL_PATH = NAME

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        order: str = 'rows',
    ) -> None:
        _check_options(order, None, None, None)
        super().__init__(target, classes, palette)
        self._order = ORDERS[order]
        self._file = AppendedFile(self.target / NAME, HEADER)

    def write(self, image: AnnotatedImage) -> None:
        """Append the rows of one image; see the base class."""
        self.losses.add('sizes of images, which only their files tell')
        self._file.append(rle_rows(image.name, self.classes, self.draw(image), self._order))

    def finish(self) -> None:
        """Bring the file into its place; see the base class."""
        self._file.finish()

    def close(self) -> None:
        """Remove the unfinished file; see the base class."""
        self._file.discard()


def _check_options(
    order: str | None, first: int | None, relative: bool | None, size: Sequence[int] | None
) -> None:
    if order is not None:
        check_word('order', order, ORDERS)
    if first not in (None, 0, 1):
        raise HandboneError(f'first must be 0 or 1, got {first!r}')
    if relative not in (None, True, False):
        raise HandboneError(f'relative must be true or false, got {relative!r}')
    sound = size is None or (
        isinstance(size, list | tuple)
        and len(size) == 2
        and all(type(side) is int and side > 0 for side in size)
    )
    if not sound:
        raise HandboneError(f'size must be [HEIGHT,WIDTH], got {size!r}')


def _check_texts(class_name: str, image_key: str | None) -> None:
    if not isinstance(class_name, str):
        raise HandboneError(f'class_name must be a text, got {class_name!r}')
    try:
        re.compile(image_key or '')
    except (TypeError, re.error) as error:
        raise HandboneError(
            f'image_key must be a regular expression, got {image_key!r} ({error})'
        ) from error
