"""Configs as text, read without being executed."""

import ast
from collections.abc import Iterator
from typing import Any

from handbone.errors import HandboneError


class ConfigTextError(HandboneError):
    """A text is more than names and literal values."""


def parse_config_text(text: str) -> dict[str, Any]:
    """Read a config that mmengine wrote: assignments of literals and of ``dict(...)``.

    Args:
        text: ``Config.pretty_text``, as in checkpoints and in the config of a work dir.

    Returns:
        The values by name.

    Raises:
        ConfigTextError: If there is anything else in it, which would have to be executed.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ConfigTextError(f'the text is not a config ({error})') from error
    values = {}
    for statement in statements:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            raise ConfigTextError(f'line {statement.lineno} is not a plain assignment')
        values[statement.targets[0].id] = _value(statement.value)
    return values


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _value_of_dict_call(node)
    if isinstance(node, ast.Name) and node.id in ('inf', 'nan'):
        return float(node.id)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return dict(zip(map(_value, node.keys), map(_value, node.values), strict=True))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(element) for element in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise ConfigTextError(f'line {node.lineno} is not a literal') from error


def _value_of_dict_call(node: ast.Call) -> dict:
    """Read ``dict(a=1)``, or ``dict({'a b': 1})`` where keys are no names."""
    is_dict = isinstance(node.func, ast.Name) and node.func.id == 'dict'
    plain = len(node.args) <= 1 and all(isinstance(each, ast.Dict) for each in node.args)
    if not (is_dict and plain) or any(keyword.arg is None for keyword in node.keywords):
        raise ConfigTextError(f'line {node.lineno} calls something')
    values = _value(node.args[0]) if node.args else {}
    return values | {keyword.arg: _value(keyword.value) for keyword in node.keywords}


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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
