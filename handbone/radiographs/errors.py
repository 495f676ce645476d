"""The error that an unusable image file raises."""

from pathlib import Path
from typing import Self

from handbone.errors import HandboneError

COPY_AGAIN = 'Copy the file again from its source'


class RadiographError(HandboneError):
    """An image file that cannot be used: says which file, what is wrong and what to do.

    Attributes:
        path: The file.
        problem: What is wrong, as a clause without a full stop.
        remedy: What the reader can do about it, as a sentence without a full stop.
    """

    path: str = ''
    problem: str = ''
    remedy: str = ''

    @classmethod
    def at(cls, path: str | Path, problem: str, remedy: str) -> Self:
        """Describe what is wrong with a file.

        Args:
            path: The file.
            problem: What is wrong, as a clause without a full stop.
            remedy: What the reader can do about it, as a sentence without a full stop.

        Returns:
            The error to raise.
        """
        error = cls(f'{path}: {problem}. {remedy}.')
        error.path, error.problem, error.remedy = str(path), problem, remedy
        return error
