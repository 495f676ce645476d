"""What goes wrong while a file of labels is read, as an error that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handbone.errors import HandboneError

from ..errors import DatasetError


@contextmanager
def faults_of(path: Path, remedy: str | None) -> Iterator[None]:
    """Turn errors into those of a dataset.

    Args:
        path: The file that is read.
        remedy: What the user can do about bad content where the error does not say, as a sentence
            without a full stop; None where every error names the file, the place and the remedy.

    Raises:
        DatasetError: In place of an ``OSError`` and of every other ``HandboneError``.

    >>> with faults_of(Path('coco.json'), 'Export it again'):
    ...     raise HandboneError('the file is empty')
    Traceback (most recent call last):
    handbone.datasets.errors.DatasetError: coco.json: the file is empty. Export it again.
    """
    try:
        yield
    except OSError as error:
        problem = f'the file cannot be read ({error.strerror})'
        raise DatasetError.at(path, problem, 'Check that it is there and readable') from error
    except DatasetError:
        raise
    except HandboneError as error:
        found = DatasetError(str(error)) if remedy is None else DatasetError.of(path, error, remedy)
        found.path = str(path)
        raise found from error
