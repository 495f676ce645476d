"""CSV files, written and read in one way.

Fields are separated by commas, lines end in a line feed, and a field with a comma, a quote or a
line break is quoted. Text is UTF-8; a name of a file that is not valid UTF-8 is kept byte by byte.
Files with a byte order mark and with the line ends of Windows or of old Macs are read as well.
"""

import csv
import io
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, NamedTuple

from handbone.errors import HandboneError, counted
from handbone.listing import UTF16_MARKS

#: Bytes of a line; the runs of a mask of 2048 x 2048 have at most 20 MB.
LONGEST_LINE = 2**28
BYTE_ORDER_MARK = b'\xef\xbb\xbf'


class Record(NamedTuple):
    """A row of a CSV file and where it stands.

    Attributes:
        line: Its first line, counted from 1.
        offset: Its first byte.
        length: Its bytes, with the line end.
        fields: Its fields as bytes.
    """

    line: int
    offset: int
    length: int
    fields: list[bytes]


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    r"""Write rows as CSV.

    Args:
        rows: Rows of fields; names of files may have the form that Python gives undecodable ones.

    Returns:
        The lines.

    Example:
        >>> csv_bytes([('image', 'note'), ('a.png', 'left, bent')])
        b'image,note\na.png,"left, bent"\n'
    """
    lines: list[str] = []
    # the writer quotes what occurs in its line end, so both kinds of line breaks are in it
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator='\r\n')
    writer.writerows(rows)
    text = ''.join(line.removesuffix('\r\n') + '\n' for line in lines)
    return text.encode(errors='surrogateescape')


def read_table(
    path: Path, names: Collection[str] = ()
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read a CSV file as text.

    Args:
        path: The file.
        names: Columns that hold names of files and folders, as :func:`csv_bytes` writes them: they
            need not be UTF-8.

    Returns:
        The header, and the line and the fields of every row below it.

    Raises:
        OSError: If it cannot be read.
        HandboneError: If it is not a CSV file; names file and line.
    """
    with path.open('rb') as file:
        header, *records = read_records(file, path)
        columns = [decode(field, path, 1) for field in header.fields]
        return columns, [
            (
                record.line,
                [
                    decode_name(field) if column in names else decode(field, path, record.line)
                    for column, field in zip(columns, record.fields, strict=True)
                ],
            )
            for record in records
        ]


def read_run_records(file: BinaryIO, path: Path) -> Iterator[Record]:
    """Read the records of a table of runs, whose last row would still be runs if it were cut off.

    Args:
        file: The file, at its beginning.
        path: Its path, for errors.

    Yields:
        What :func:`read_records` does.

    Raises:
        HandboneError: As there, or if the last line has no end; names file and line.
    """
    record = None
    for record in read_records(file, path):
        yield record
    file.seek(-1, io.SEEK_END)
    if record is not None and file.read(1) not in b'\r\n':
        raise row_error(
            path,
            record.line,
            'the last line has no end, so the file may be cut off',
            'Write it again, or add a line break behind its last line if that is whole.',
        )


def read_records(
    file: BinaryIO, path: Path, separator: bytes = b',', above: int = 0
) -> Iterator[Record]:
    """Read the header and the rows of a CSV file. Empty lines between rows are passed over.

    Args:
        file: The file, at its beginning.
        path: Its path, for errors.
        separator: What stands between fields, one byte.
        above: Lines of the file that stand above what is given, which count too.

    Yields:
        The header, then every row; all have as many fields as the header.

    Raises:
        HandboneError: If the first line is empty, or a row is not CSV or has more or fewer fields
            than the header; names file and line.
    """
    width = 0
    lines = _lines(file, path)
    for number, offset, content in lines:
        line = number + above
        if not content.rstrip(b'\r\n'):
            if number == 1:
                raise row_error(path, line, 'the first line is empty', 'It must be the header.')
            continue
        parts = [content]
        if b'"' in content:
            fields = _quoted_fields(_with_next(parts, lines, path, line), path, line, separator)
        else:
            # many times faster than the csv module
            fields = content.rstrip(b'\r\n').split(separator)
        if width and len(fields) != width:
            raise row_error(
                path,
                line,
                f'{counted(len(fields), "field")} where the header has {width}',
                'The file may be cut off; write it again.',
            )
        width = len(fields)
        yield Record(line, offset, sum(map(len, parts)), fields)
    if not width:
        raise row_error(path, 1, 'the file is empty', 'The first line must be the header.')


def split_record(content: bytes, path: Path, line: int) -> list[bytes]:
    """Split the bytes of a record that :func:`read_records` found.

    Args:
        content: The bytes.
        path: The file, for errors.
        line: The line, for errors.

    Returns:
        The fields.
    """
    if b'"' in content:
        text = content.decode(errors='surrogateescape')
        return _quoted_fields(io.StringIO(text, newline=''), path, line)
    return content.rstrip(b'\r\n').split(b',')


def decode(field: bytes, path: Path, line: int) -> str:
    """Decode a field that must be UTF-8.

    Args:
        field: The field.
        path: The file, for errors.
        line: The line, for errors.

    Returns:
        The text.

    Raises:
        HandboneError: If it is something else; names file and line.
    """
    try:
        return field.decode()
    except UnicodeDecodeError as error:
        raise row_error(
            path, line, f'not a text in UTF-8 ({error.reason})', 'Save the file as UTF-8.'
        ) from error


def decode_name(field: bytes) -> str:
    r"""Decode the name of a file, byte by byte where it is not UTF-8, as Python lists files.

    Args:
        field: The field.

    Returns:
        The name, of which :func:`csv_bytes` makes the same field again.

    >>> decode_name(b'h\xe4nd.png')
    'h\udce4nd.png'
    """
    return field.decode(errors='surrogateescape')


def row_error(path: Path, line: int, fault: str, remedy: str) -> HandboneError:
    """Make an error that names file and line.

    Args:
        path: The file.
        line: The line, counted from 1.
        fault: What is wrong, without a full stop.
        remedy: What to do, a sentence.

    Returns:
        The error, to be raised.
    """
    return HandboneError(f'{path}, line {line}: {fault}. {remedy}')


def _lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Find the lines of a file, whatever ends them.

    Yields:
        Line counted from 1, its first byte, its content with its end.
    """
    line, offset = 0, 0
    for chunk in iter(partial(file.readline, LONGEST_LINE), b''):
        if len(chunk) == LONGEST_LINE and not chunk.endswith(b'\n'):
            raise row_error(
                path,
                line + 1,
                f'the line is longer than {LONGEST_LINE >> 20} MB',
                'The file is damaged, or not CSV; write it again.',
            )
        if line == 0 and chunk.startswith(UTF16_MARKS):
            raise row_error(path, 1, 'the file is UTF-16', 'Save it as CSV in UTF-8.')
        if line == 0 and chunk.startswith(BYTE_ORDER_MARK):
            offset, chunk = len(BYTE_ORDER_MARK), chunk.removeprefix(BYTE_ORDER_MARK)
        for content in chunk.splitlines(keepends=True) if b'\r' in chunk else (chunk,):
            line += 1
            if b'\0' in content:
                raise row_error(
                    path,
                    line,
                    'the line holds NUL bytes',
                    'The file is damaged or not in UTF-8; write it again, as CSV in UTF-8.',
                )
            yield line, offset, content
            offset += len(content)


def _with_next(
    parts: list[bytes], lines: Iterator[tuple[int, int, bytes]], path: Path, line: int
) -> Iterator[str]:
    """Give a line and, while the csv module asks for more, the next ones, also into ``parts``."""
    length = len(parts[0])
    yield parts[0].decode(errors='surrogateescape')
    for _, _, more in lines:
        parts.append(more)
        length += len(more)
        if length > LONGEST_LINE:
            fault = f'a quoted field is longer than {LONGEST_LINE >> 20} MB'
            raise row_error(path, line, fault, 'Its closing quote is missing; write it again.')
        yield more.decode(errors='surrogateescape')


def _quoted_fields(
    lines: Iterable[str], path: Path, line: int, separator: bytes = b','
) -> list[bytes]:
    limit = csv.field_size_limit(sys.maxsize)  # the RLE of one mask can be longer than 128 kB
    try:
        fields = next(csv.reader(lines, strict=True, delimiter=separator.decode()))
    except csv.Error as error:
        raise row_error(path, line, f'not a line of CSV ({error})', 'Write it again.') from error
    finally:
        csv.field_size_limit(limit)
    return [field.encode(errors='surrogateescape') for field in fields]
