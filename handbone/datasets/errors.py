"""The error that bad data raises."""

from pathlib import Path
from typing import Self

from handbone.errors import HandboneError


class DatasetError(HandboneError):
    """Data that cannot be used: says which file, where in it, what is wrong and what to do.

    Attributes:
        path: The file or folder at fault.
    """

    # Built from one message, as every exception: PyTorch raises it anew from a worker's message.
    path: str = ''

    @classmethod
    def at(cls, path: str | Path, problem: str, remedy: str, place: str = '') -> Self:
        """Describe what is wrong with a file.

        Args:
            path: The file or folder at fault.
            problem: What is wrong, as a clause without a full stop.
            remedy: What the reader can do about it, as a sentence without a full stop.
            place: Where in the file, for example the annotation; empty for the whole file.

        Returns:
            The error, to raise or to report.
        """
        where = f'{path}: {place}: ' if place else f'{path}: '
        error = cls(f'{where}{problem}. {remedy}.')
        error.path = str(path)
        return error
