"""The error that an unusable image file raises."""

from pathlib import Path
from typing import Self

from handbone.errors import HandboneError

COPY_AGAIN = 'Copy the file again from its source'
MAX_REASON = 300  # characters of a library's message that are passed on


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
        problem = _one_line(problem)
        error = cls(f'{path}: {problem}. {remedy}.')
        error.path, error.problem, error.remedy = str(path), problem, remedy
        return error


def reason(error: object) -> str:
    """Quote a library's error, or text of a file, within a message of ours.

    Args:
        error: The error or the text.

    Returns:
        One printable line of at most :data:`MAX_REASON` characters, without a full stop.
    """
    text = _one_line(str(error)) or type(error).__name__
    if len(text) > MAX_REASON:
        text = f'{text[:MAX_REASON]}…'
    return text.rstrip('.')


def _one_line(text: str) -> str:
    return ' '.join(''.join(each if each.isprintable() else ' ' for each in text).split())
