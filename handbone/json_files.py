"""Reading JSON that anybody may have written or damaged."""

import json
from typing import Any

from handbone.errors import HandboneError, shown


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
    except ValueError as error:
        raise HandboneError(f'the file is not JSON ({error})') from error


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
