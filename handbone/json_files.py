"""Reading JSON that anybody may have written or damaged, and writing what JSON lacks."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError, shown
from handbone.text_files import line_of

#: Largest file that is parsed at once: Python's objects take about five times its size.
MOST_BYTES = 2**30
#: Bytes that show what a file is.
BEGINNING = 2**14


def parse_json(data: bytes) -> Any:
    """Read a JSON document.

    Args:
        data: The content of a file, in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.

    Returns:
        The document in Python's types.

    Raises:
        HandboneError: It is not JSON, is nested too deeply, or names a key twice in one object. The
            text is a clause without the file, which the caller knows.

    >>> parse_json(b'{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    try:
        return json.loads(data, object_pairs_hook=refuse_repetitions)
    except RecursionError as error:
        raise HandboneError('the JSON is nested too deeply') from error
    except HandboneError:
        raise
    except UnicodeDecodeError as error:
        raise HandboneError(
            f'the file is not JSON (line {line_of(error)} is not a text in '
            f'{error.encoding.upper()}; save it as UTF-8)'
        ) from error
    except ValueError as error:
        raise HandboneError(f'the file is not JSON ({error})') from error


def without_nan(value: Any) -> Any:
    """Put ``None``, which is null in JSON, in the place of NaN, which JSON does not have.

    Args:
        value: A value of plain types, mappings and lists included.

    Returns:
        The same without NaN.

    >>> without_nan({'error': float('nan'), 'dice': [0.5, float('nan')]})
    {'error': None, 'dice': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def refuse_repetitions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of the pairs of a JSON object; a hook of the json module.

    Args:
        pairs: Keys and values.

    Returns:
        The dict.

    Raises:
        HandboneError: A key occurs twice.
    """
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise HandboneError(f'the key {shown(key)} occurs twice in one object')
            seen.add(key)
    return content


def json_bytes(path: Path) -> bytes:
    """Read a JSON file that is parsed at once, which takes several times its size.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        HandboneError: It is too large; the message does not name the file.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        limit = MOST_BYTES / 2**30
        raise HandboneError(
            f'the file has {size / 2**30:.1f} GB, and at most {limit:g} GB are parsed at once'
        )
    return path.read_bytes()


def json_beginning(path: Path) -> str:
    """Read how a JSON file begins.

    Args:
        path: The file, in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.

    Returns:
        Its first characters without white space in front; what is no text is left out.

    Raises:
        OSError: It cannot be read.
    """
    with path.open('rb') as file:
        data = file.read(BEGINNING)
    return data.decode(json.detect_encoding(data), 'ignore').lstrip()
