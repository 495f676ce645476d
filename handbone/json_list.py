"""A JSON list of any length, of which one element at a time is in memory."""

import os
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError

from .json_files import parse_json
from .json_stream import read_elements


class JsonList:
    """Finds the elements of a list in one pass and reads them when they are asked for.

    Args:
        path: The file, in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.
        look: Called with the value of every element in that pass.

    Raises:
        OSError: The file cannot be read.
        HandboneError: It is not a JSON list, is cut off, or names a key twice in one object. The
            text is a clause without the file, which the caller knows.
    """

    def __init__(self, path: Path, look: Callable[[Any], None] | None = None) -> None:
        self._path = path
        self._offsets, self._lengths = array('Q'), array('Q')
        for offset, length, value in read_elements(path):
            self._offsets.append(offset)
            self._lengths.append(length)
            if look is not None:
                look(value)

    def __len__(self) -> int:
        """Count the elements."""
        return len(self._offsets)

    def read(self, index: int) -> Any:
        """Read an element.

        Args:
            index: Its place in the list.

        Returns:
            Its value in Python's types.

        Raises:
            OSError: The file cannot be read.
            HandboneError: It has changed since it was opened. The text is a clause without the
                file, which the caller knows.
        """
        with self._path.open('rb') as file:
            data = os.pread(file.fileno(), self._lengths[index], self._offsets[index])
        try:
            return parse_json(data)
        except HandboneError as error:
            raise HandboneError('the file has changed while it was read') from error
