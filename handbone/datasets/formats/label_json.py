"""JSON files of labels, read and checked."""

from pathlib import Path
from typing import Any

from handbone.errors import HandboneError
from handbone.json_files import json_bytes
from handbone.structure import check_structure, parse_json

from ..errors import DatasetError


def load_json(path: Path, structure: Any, remedy: str) -> Any:
    """Read a JSON file and compare it with the structure that it must have.

    Args:
        path: The file.
        structure: As for :func:`handbone.structure.check_structure`.
        remedy: What to do with a file of another structure, as a sentence without a full stop.

    Returns:
        The document.

    Raises:
        DatasetError: It cannot be read, is not JSON, or is something else.
    """
    try:
        data = json_bytes(path)
    except HandboneError as error:
        raise DatasetError.at(path, str(error), 'Divide it into several datasets') from error
    except OSError as error:
        problem = f'the file cannot be read ({error.strerror})'
        raise DatasetError.at(path, problem, 'Check that it is there and readable') from error
    try:
        document = parse_json(data, str(path))
        check_structure(document, structure, str(path))
    except HandboneError as error:
        raise DatasetError(f'{error}. {remedy}.') from error
    return document
