"""The error that bad data raises."""

from pathlib import Path


class DatasetError(ValueError):
    """Data that cannot be used: says which file, where in it, what is wrong and what to do.

    Args:
        path: The file or folder at fault.
        problem: What is wrong, as a clause without a full stop.
        remedy: What the reader can do about it, as a sentence without a full stop.
        place: Where in the file, for example the annotation; empty for the whole file.
    """

    def __init__(self, path: str | Path, problem: str, remedy: str, place: str = '') -> None:
        self.path = str(path)
        self.problem = problem
        self.remedy = remedy
        self.place = place
        where = f'{self.path}: {place}: ' if place else f'{self.path}: '
        super().__init__(f'{where}{problem}. {remedy}.')

    def __reduce__(self) -> tuple:
        """Rebuild from the four parts, so that the error crosses from a loader worker intact."""
        return type(self), (self.path, self.problem, self.remedy, self.place)
