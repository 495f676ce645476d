"""Read the dumped configuration of a run without running it."""

import ast
import math
from pathlib import Path

from handbone.errors import HandboneError

NAMED_NUMBERS = {'inf': math.inf, 'nan': math.nan}


def read_config_dump(path: Path) -> dict[str, object]:
    """Read a configuration that mmengine dumped into a work dir.

    Such a file is Python text, but of assignments of literals and ``dict(…)`` only; nothing in it
    is executed.

    Args:
        path: File such as ``vis_data/config.py``.

    Returns:
        The values by name.

    Raises:
        HandboneError: If the file has anything else in it.
        OSError: If it cannot be read.
    """
    try:
        module = ast.parse(path.read_text(encoding='utf-8'))
        return dict(_assignment(statement) for statement in module.body)
    except _NoLiteralError as error:
        raise HandboneError(
            f'{path}, line {error.line}: not a value; this is no configuration that mmengine wrote '
            'into a work dir, and it is not executed'
        ) from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise HandboneError(f'{path}: no dumped configuration: {error}') from error


def flatten(value: object, prefix: str = '') -> dict[str, object]:
    """Name every leaf of nested dicts and lists.

    Args:
        value: Dicts, lists and tuples inside each other.
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


class _NoLiteralError(Exception):
    def __init__(self, node: ast.AST) -> None:
        super().__init__()
        self.line = getattr(node, 'lineno', 0)


def _assignment(node: ast.stmt) -> tuple[str, object]:
    if (
        not isinstance(node, ast.Assign)
        or len(node.targets) != 1
        or not isinstance(node.targets[0], ast.Name)
    ):
        raise _NoLiteralError(node)
    return node.targets[0].id, _value(node.value)


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in NAMED_NUMBERS:
        return NAMED_NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _value(node.operand)
        if isinstance(number, (int, float)):
            return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, (ast.List, ast.Tuple)):
        kind = list if isinstance(node, ast.List) else tuple
        return kind(_value(part) for part in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        values = map(_value, node.values)
        return dict(zip(map(_value, node.keys), values, strict=True))
    if _is_dict_call(node):
        named = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
        return named | (_value(node.args[0]) if node.args else {})
    raise _NoLiteralError(node)


def _is_dict_call(node: ast.expr) -> bool:
    """Recognise ``dict(a=1)`` and, for keys that are no names, ``dict({'a.b': 1})``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
        and (not node.args or (len(node.args) == 1 and isinstance(node.args[0], ast.Dict)))
        and all(keyword.arg is not None for keyword in node.keywords)
    )
