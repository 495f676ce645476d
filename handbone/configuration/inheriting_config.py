"""A config that inherits from another one and says what differs, as text."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config


def inheriting_config(
    base: Config, out: Path, changed: Config, keys: Sequence[str], comment: str = ''
) -> str:
    """Write the text of a config.

    >>> base = read_config_file('configs/demo.py')
    >>> cfg = read_config_file('configs/demo.py', {'optim_wrapper.optimizer.lr': 0.01})
    >>> print(inheriting_config(base, 'mine.py', cfg, ['optim_wrapper.optimizer.lr']))
    _base_ = ['configs/demo.py']
    _base_.optim_wrapper.optimizer.lr = 0.01

    Args:
        base: The config to inherit from, as it was read from its file.
        out: The file that the text is for.
        changed: The config that the text shall load to.
        keys: Dotted keys of the settings that differ.
        comment: The first line, without its ``#``.

    Returns:
        Python source that mmengine reads.
    """
    place = os.path.relpath(Path(base.filename).resolve(), Path(out).resolve().parent)
    lines = [f'# {comment}'] if comment else []
    lines.append(f'_base_ = [{Path(place).as_posix()!r}]')
    lines += _statements(base._cfg_dict, changed._cfg_dict, keys)
    return '\n'.join([*lines, ''])


def written_value(value: Any) -> str:
    """Write a value as a config has it.

    >>> written_value({'type': 'SGD', 'lr': 0.1})
    "dict(type='SGD', lr=0.1)"

    Args:
        value: Plain values, lists and mappings.

    Returns:
        Python source.
    """
    if isinstance(value, Mapping) and all(str(key).isidentifier() for key in value):
        return f'dict({", ".join(f"{key}={written_value(each)}" for key, each in value.items())})'
    if isinstance(value, list):
        return f'[{", ".join(map(written_value, value))}]'
    return repr(value)


def _statements(base: Mapping, changed: Mapping, keys: Sequence[str]) -> Iterator[str]:
    """Assign each setting; where its place is new, all of what it lies in."""
    assigned: set[str] = set()
    for key in keys:
        place, value = _place(base, changed, key.split('.'))
        if any(
            place == other or place.startswith((f'{other}.', f'{other}[')) for other in assigned
        ):
            continue
        assigned.add(place)
        yield f'{place} = {written_value(value)}'


def _place(base: Any, changed: Any, parts: Sequence[str]) -> tuple[str, Any]:
    place = '_base_'
    for part in parts:
        if isinstance(base, (list, tuple)):
            index = int(part)
            place, base, changed = f'{place}[{index}]', base[index], changed[index]
            continue
        within = isinstance(base, Mapping)
        if not within:
            break
        name = f'{place}.{part}' if part.isidentifier() else f'{place}[{part!r}]'
        if part not in base:
            # a name that the base does not have at all is an assignment of its own
            return (part if place == '_base_' else name), changed[part]
        place, base, changed = name, base[part], changed[part]
    return place, changed
