"""JSON files of labels, read and checked."""

from pathlib import Path
from typing import Any

from handbone.errors import HandboneError
from handbone.json_files import json_bytes
from handbone.structure import check_structure, parse_json

from ..errors import DatasetError
from .file_faults import faults_of


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
    with faults_of(path, 'Divide it into several datasets'):
        data = json_bytes(path)
    try:
        document = parse_json(data, str(path))
        check_structure(document, structure, str(path))
    except HandboneError as error:
        raise DatasetError(f'{error}. {remedy}.') from error
    return document
