"""Everything in a config that has a type."""

from collections.abc import Iterator, Mapping
from typing import Any


def typed_parts(part: Any, key: str) -> Iterator[tuple[str, Mapping]]:
    """Find the dicts with a ``type`` in a part of a config, at any depth.

    Args:
        part: Settings, a list of them, or any other value.
        key: Its dotted key.

    Yields:
        Dotted key and settings of each, those outside before those inside.
    """
    if isinstance(part, Mapping):
        if 'type' in part:
            yield key, part
        for name, value in part.items():
            yield from typed_parts(value, f'{key}.{name}')
    elif isinstance(part, (list, tuple)):
        for index, value in enumerate(part):
            yield from typed_parts(value, f'{key}.{index}')
