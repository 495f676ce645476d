"""Reading large JSON documents piece by piece.

A document that is one object is read member by member, and a list, which is a member or the whole
document, element by element, so that memory holds one element however large the file is.
"""

import codecs
import json
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError, shown

from .json_files import MOST_BYTES, refuse_repetitions

#: Bytes that are decoded at a time.
PIECE = 2**20
WHITE = ' \t\r\n'
#: Characters behind a number that tell whether it goes on, as in 1e+5.
REST_OF_NUMBER = 3
#: Characters of the longest word or escape that may go on in the next piece.
LONGEST_WORD = 16


def read_members(path: Path) -> Iterator[tuple[str, int | None, Any]]:
    """Read the members of a JSON object.

    Args:
        path: The file, in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.

    Yields:
        Key, index and value: for a list, the index and value of each element; for an empty list and
        any other member, None and its value.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not such a document, is cut off, or names a key twice. The text is a
            clause without the file, which the caller knows.
    """
    with _opened(path) as scanner:
        yield from scanner.members()


def read_elements(path: Path) -> Iterator[tuple[int, int, Any]]:
    """Read the elements of a JSON list.

    Args:
        path: The file, as for :func:`read_members`.

    Yields:
        First byte, number of bytes, and value of each element; its bytes are a document of their
        own.

    Raises:
        OSError: The file cannot be read.
        HandboneError: As for :func:`read_members`.
    """
    with _opened(path) as scanner:
        yield from scanner.elements()


@contextmanager
def _opened(path: Path) -> Iterator['_Scanner']:
    with path.open('rb') as file:
        if file.read(1) == b'':
            raise HandboneError('the file is empty')
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield _Scanner(data)


class _Scanner:
    """Walks through the text of a document."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._encoding, self._read = _encoding_and_mark(data[:4])
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        self._text = ''
        self._place = 0
        #: Bytes of the file in front of the text's first characters, so many of which are counted.
        self._offset, self._counted = self._read, 0
        #: First byte of the last value.
        self._begin = self._read
        decoder = json.JSONDecoder(object_pairs_hook=refuse_repetitions)
        self._decode: Callable[[str, int], tuple[Any, int]] = decoder.raw_decode

    def members(self) -> Iterator[tuple[str, int | None, Any]]:
        """Iterate over the members of the object; see :func:`read_members`."""
        keys = set()
        self._expect('{')
        more = self._next() != '}'
        while more:
            key = self._value()
            if not isinstance(key, str):
                raise HandboneError(f'the file is not JSON ({shown(key)} is no key)')
            if key in keys:
                raise HandboneError(f'the key {shown(key)} occurs twice in one object')
            keys.add(key)
            self._expect(':')
            if self._next() == '[':
                count = 0
                for count, value in enumerate(self._elements(), 1):
                    yield key, count - 1, value
                if not count:
                    yield key, None, []
            else:
                yield key, None, self._value()
            more = self._next() != '}'
            if more:
                self._expect(',')
        self._expect('}')
        self._check_end()

    def elements(self) -> Iterator[tuple[int, int, Any]]:
        """Iterate over the elements of the list; see :func:`read_elements`."""
        if self._next() != '[':
            raise HandboneError(f'the file begins with {self._next()!r}, so it is no list')
        for value in self._elements():
            yield self._begin, self._bytes_before() - self._begin, value
        self._check_end()

    def _check_end(self) -> None:
        if self._next(at_end=''):
            raise HandboneError('the file is not JSON (there is more behind its end)')

    def _elements(self) -> Iterator[Any]:
        self._expect('[')
        more = self._next() != ']'
        while more:
            yield self._value()
            more = self._next() != ']'
            if more:
                self._expect(',')
        self._expect(']')

    def _next(self, at_end: str | None = None) -> str:
        """Find the next character that is not white space, without passing it."""
        while True:
            while self._place < len(self._text):
                character = self._text[self._place]
                if character not in WHITE:
                    return character
                self._place += 1
            if not self._extend(PIECE):
                if at_end is None:
                    raise HandboneError('the file is not JSON (it is cut off)')
                return at_end

    def _expect(self, character: str) -> None:
        found = self._next()
        if found != character:
            raise HandboneError(f'the file is not JSON ({character!r} is missing at {found!r})')
        self._place += 1

    def _value(self) -> Any:
        """Read the next value, once what follows shows that it has ended."""
        self._next()
        wanted = PIECE
        while True:
            fault: ValueError | None = None
            try:
                value, end = self._decode(self._text, self._place)
                whole = end + REST_OF_NUMBER <= len(self._text)
                if whole or self._read >= len(self._data):
                    self._begin = self._bytes_before()
                    self._place = end
                    return value
            except HandboneError:
                raise
            except RecursionError as error:
                raise HandboneError('the JSON is nested too deeply') from error
            except json.JSONDecodeError as error:
                fault = error
                open_text = error.msg.startswith('Unterminated')
                if not open_text and error.pos < len(self._text) - LONGEST_WORD:
                    raise HandboneError(f'the file is not JSON ({error})') from error
            except ValueError as error:  # a number of more digits than Python reads
                raise HandboneError(f'the file is not JSON ({error})') from error
            if len(self._text) - self._place > MOST_BYTES:
                limit = MOST_BYTES / 2**30
                raise HandboneError(f'one value has more than {limit:g} GB')
            if not self._extend(wanted):
                raise HandboneError(f'the file is not JSON ({fault or "it is cut off"})')
            wanted *= 2

    def _extend(self, size: int) -> bool:
        """Decode more of the file and let go of what was read; False at its end."""
        if self._read >= len(self._data):
            return False
        piece = self._data[self._read : self._read + size]
        self._read += len(piece)
        try:
            text = self._decoder.decode(piece, final=self._read >= len(self._data))
        except UnicodeDecodeError as error:
            name = self._encoding.upper()
            raise HandboneError(
                f'the file is not JSON in {name} ({error.reason}; save it as UTF-8)'
            ) from error
        self._bytes_before()
        self._text = self._text[self._place :] + text
        self._place = self._counted = 0
        return True

    def _bytes_before(self) -> int:
        """Count the bytes of the file in front of the place."""
        passed = self._text[self._counted : self._place]
        self._offset += len(passed.encode(self._encoding))
        self._counted = self._place
        return self._offset


def _encoding_and_mark(beginning: bytes) -> tuple[str, int]:
    """Find the encoding of a file, and how many bytes its byte-order mark has."""
    encoding = json.detect_encoding(beginning)
    if encoding in ('utf-16', 'utf-32'):
        order = 'le' if beginning.startswith(codecs.BOM_UTF16_LE) else 'be'
        return f'{encoding}-{order}', int(encoding[-2:]) // 8
    mark = len(codecs.BOM_UTF8) if encoding == 'utf-8-sig' else 0
    return encoding.removesuffix('-sig'), mark
