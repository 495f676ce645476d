"""Configs that mmengine wrote as text, read without executing anything."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError
from handbone.text_files import read_text

NAMED_NUMBERS = {'inf': math.inf, 'nan': math.nan}


class ConfigTextError(HandboneError):
    """A text holds more than names and literal values."""


def read_dumped_config(path: Path) -> dict[str, Any]:
    """Read a config that mmengine wrote into a work dir.

    Args:
        path: File such as ``vis_data/config.py``.

    Returns:
        The values by name.

    Raises:
        ConfigTextError: If the file holds anything but values.
        HandboneError: If it is not a text in UTF-8.
        OSError: If it cannot be read.
    """
    text = read_text(path)
    try:
        return parse_config_text(text)
    except ConfigTextError as error:
        raise ConfigTextError(
            f'{path}: {error}; this is not a config that mmengine wrote, and it is not executed'
        ) from error


def parse_config_text(text: str) -> dict[str, Any]:
    """Read the text of a config: assignments of literals and of ``dict(...)``.

    Args:
        text: ``Config.pretty_text``, as in checkpoints and in the config of a work dir.

    Returns:
        The values by name, as mmengine would read them.

    Raises:
        ConfigTextError: If the text holds anything else, which would have to be executed.
    """
    try:
        return dict(map(_assignment, ast.parse(text).body))
    except (RecursionError, MemoryError) as error:
        raise ConfigTextError('the text is nested too deeply') from error
    except SyntaxError as error:
        raise ConfigTextError(f'line {error.lineno}: not a config ({error.msg})') from error
    except ConfigTextError:
        raise
    except (TypeError, ValueError) as error:  # a list as a key; a null byte
        raise ConfigTextError(f'not a config ({error})') from error


def _assignment(node: ast.stmt) -> tuple[str, Any]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        (target,) = node.targets
        if isinstance(target, ast.Name):
            return target.id, _value(node.value)
    raise ConfigTextError(f'line {node.lineno}: not an assignment of a value')


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in NAMED_NUMBERS:
        return NAMED_NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _value(node.operand)
        if isinstance(number, (int, float)):
            return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        return kind(map(_value, node.elts))
    if isinstance(node, ast.Dict) and None not in node.keys:
        keys = (_value(key) for key in node.keys if key is not None)
        return dict(zip(keys, map(_value, node.values), strict=True))
    if isinstance(node, ast.Call) and _is_dict_call(node):
        positional = _value(node.args[0]) if node.args else {}
        return positional | {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    raise ConfigTextError(f'line {node.lineno}: not a value')


def _is_dict_call(node: ast.expr) -> bool:
    """Recognise ``dict(a=1)`` and, for keys that are not names, ``dict({'a.b': 1})``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
        and (not node.args or (len(node.args) == 1 and isinstance(node.args[0], ast.Dict)))
        and all(keyword.arg is not None for keyword in node.keywords)
    )


def flatten(value: Any, prefix: str = '') -> dict[str, Any]:
    """Name every leaf of nested dicts and lists.

    Args:
        value: Nested dicts, lists and tuples.
        prefix: Name of the value.

    Returns:
        Leaves by names such as ``model.decode_head.loss_decode[0].type``. Lists and tuples without
        a dict inside are leaves, so that a size stays one value.
    """
    if isinstance(value, dict) and value:
        parts = ((f'{prefix}.{key}' if prefix else str(key), part) for key, part in value.items())
    elif isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        parts = ((f'{prefix}[{index}]', part) for index, part in enumerate(value))
    else:
        return {prefix: value}
    return {name: leaf for key, part in parts for name, leaf in flatten(part, key).items()}


def config_differences(old: Any, new: Any, key: str = '') -> Iterator[tuple[str, Any, Any]]:
    """Compare two configs, key by key.

    Args:
        old: Nested dicts and lists.
        new: The same; tuples count as lists.
        key: The dotted key of the two.

    Yields:
        Dotted key, old value and new value of each difference in the order of the keys; None for
        what one of them does not have.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}, key=str):
            inner = f'{key}.{name}' if key else str(name)
            yield from config_differences(old.get(name), new.get(name), inner)
    elif _plain(old) != _plain(new):
        yield key, old, new


def describe_difference(key: str, old: Any, new: Any) -> str:
    """Say in what two configs differ.

    >>> describe_difference('train_cfg.max_iters', 100, 200)
    'train_cfg.max_iters was 100, is 200'

    Args:
        key: The dotted key.
        old: The old value.
        new: The new one.

    Returns:
        A clause with both values, shortened.
    """
    return f'{key} was {_short(old)}, is {_short(new)}'


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _plain(value: Any) -> Any:
    """Make values with the same meaning equal: tuples and lists, and NaN and itself."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return 'nan' if isinstance(value, float) and math.isnan(value) else value
