"""Text files and tables in UTF-8, which anybody may have saved in another encoding."""

from collections.abc import Iterable
from pathlib import Path

from handbone.csv_files import BYTE_ORDER_MARK, read_table
from handbone.errors import HandboneError
from handbone.listing import UTF16_MARKS, is_utf8


def read_text(path: Path) -> str:
    """Read a text file as a whole.

    Args:
        path: The file, in UTF-8, with or without a byte-order mark.

    Returns:
        The text, with the line ends that it has.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not a text in UTF-8; names file and line.
    """
    data = path.read_bytes()
    if data.startswith(UTF16_MARKS):
        raise HandboneError(f'{path} is a text in UTF-16. Save it as UTF-8.')
    try:
        return data.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise HandboneError(
            f'{path}, line {line_of(error)}: not a text in UTF-8 ({error.reason}). Save it as '
            'UTF-8.'
        ) from error


def refuse_other_encoding(path: Path, sought: Iterable[str]) -> None:
    """Raise if a table lacks names because a program saved it in another encoding than UTF-8.

    Args:
        path: A table that was read with names that need not be UTF-8.
        sought: The names that it lacks. Where they are not UTF-8 either, nothing is said.

    Raises:
        OSError: If it cannot be read.
        HandboneError: If it is not UTF-8; names file and line.
    """
    if all(map(is_utf8, sought)):
        read_table(path)


def line_of(error: UnicodeDecodeError) -> int:
    r"""Tell the line at which a text stops being UTF-8.

    Args:
        error: What decoding the whole text raised.

    Returns:
        The line, counted from 1.

    >>> try:
    ...     b'one\nt\xffo\n'.decode()
    ... except UnicodeDecodeError as error:
    ...     line_of(error)
    2
    """
    return error.object[: error.start].count(b'\n') + 1
