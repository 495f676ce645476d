"""The error that is raised for bad data."""

from pathlib import Path
from typing import Self

from handbone.errors import HandboneError


class DatasetError(HandboneError):
    """Data that cannot be used: the message says where, what is wrong and what to do.

    Attributes:
        path: The file or folder at fault.
    """

    # Built from a message only, like every exception: PyTorch raises errors of its loader workers
    # again from their messages.
    path: str = ''

    @classmethod
    def at(cls, path: str | Path, problem: str, remedy: str, place: str = '') -> Self:
        """Describe what is wrong with a file.

        Args:
            path: The file or folder at fault.
            problem: What is wrong, as a clause without a full stop.
            remedy: What the user can do about it, as a sentence without a full stop.
            place: Where in the file, for example the annotation; empty for the whole file.

        Returns:
            The error, to raise or to report.
        """
        where = f'{path}: {place}: ' if place else f'{path}: '
        error = cls(f'{where}{problem.rstrip(".")}. {remedy.rstrip(".")}.')
        error.path = str(path)
        return error

    @classmethod
    def of(cls, path: str | Path, error: HandboneError, remedy: str, place: str = '') -> Self:
        """Say where something is wrong that an error tells of, with its file in front or without.

        Args:
            path: The file or folder at fault.
            error: What is wrong, as a clause; what to do may follow as a sentence of its own.
            remedy: What the user can do about it where the error does not say.
            place: As for :meth:`at`.

        Returns:
            The error, to raise or to report.
        """
        problem, _, own = str(error).removeprefix(f'{path}: ').partition('. ')
        return cls.at(path, problem, own or remedy, place)
