"""Values of ``--cfg-options``: words, numbers and lists as in mmengine, and dicts as well."""

import argparse
import ast
from collections.abc import Iterator
from typing import Any

from handbone.errors import HandboneError

#: How a value begins that may hold dicts.
OPENING = ('[', '(', '{', 'dict(')


def parse_option(text: str) -> dict[str, Any]:
    """Parse one setting, without running any of it as code.

    mmengine's ``DictAction`` reads words, numbers and lists of them, but dicts as strings. Here,
    ``dict(name=value)`` and ``{'name': value}`` are dicts, in lists as well. Names without quotes
    are strings.

    Args:
        text: ``key=value``, nested keys with dots.

    Returns:
        Values by dotted key: several for a dict, one for each of its values.

    Raises:
        HandboneError: If brackets do not match, or something stands between them that is no value.

    >>> parse_option("tta_views=[dict(), dict(flip=horizontal, angle=-5)]")
    {'tta_views': [{}, {'flip': 'horizontal', 'angle': -5}]}
    >>> parse_option("model.test_cfg=dict(threshold=0.4, mode='whole')")
    {'model.test_cfg.threshold': 0.4, 'model.test_cfg.mode': 'whole'}
    """
    # imported here, because it takes seconds
    from mmengine.config import DictAction

    key, _, value = text.partition('=')
    value = value.strip()
    if value[:1] in ('"', "'") and value[-1] == value[0] and value[1:].startswith(OPENING):
        value = value[1:-1]  # quotation marks that the shell has left there
    if value.startswith(OPENING) and ('{' in value or 'dict(' in value):
        try:
            tree = ast.parse(value, mode='eval').body
        except SyntaxError as error:
            raise _unreadable(key, value, error.msg) from error
        return dict(_flat(key, _value(key, value, tree)))
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='+', action=DictAction)
    try:
        return parser.parse_args(['--options', text]).options
    except AssertionError as error:
        raise _unreadable(key, value, 'brackets that do not match') from error


def _value(key: str, text: str, tree: ast.expr) -> Any:
    """Turn a part of the syntax tree into a value."""
    match tree:
        case ast.Constant(value=value) if isinstance(value, str | int | float | None):
            return value
        case ast.Name(id=name):
            # as in a list of words, where JSON's true is a truth value
            return {'true': True, 'false': False, 'null': None}.get(name, name)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=parts):
            return [_value(key, text, part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_value(key, text, part) for part in parts)
        case ast.Dict(keys=names, values=values):
            pairs = zip(names, values, strict=True)
            return {_name(key, text, name): _value(key, text, value) for name, value in pairs}
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=pairs):
            return {_name(key, text, pair.arg): _value(key, text, pair.value) for pair in pairs}
    raise _unreadable(key, text, f'{ast.unparse(tree)} is not a value')


def _name(key: str, text: str, name: ast.expr | str | None) -> str:
    found = _value(key, text, name) if isinstance(name, ast.expr) else name
    if not isinstance(found, str):
        raise _unreadable(key, text, 'the names in a dict are strings')
    return found


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Give what is in a dict its own dotted key, so that each value is checked by its name."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _flat(f'{key}.{name}', part)
    else:
        yield key, value


def _unreadable(key: str, value: str, reason: str) -> HandboneError:
    return HandboneError(
        f'--cfg-options {key}={value}: {reason}. A list of dicts is written '
        f'"{key}=[dict(name=value),dict()]", in quotation marks of the shell; longer ones belong '
        'into a config that inherits'
    )
