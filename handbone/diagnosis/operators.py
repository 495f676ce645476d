"""Check a config for types that need the compiled operators of mmcv.

The PyPI release of onedl-mmcv is source only and builds without operators wherever its build does
not see torch. Most configs need none. Which types do is read from the sources of the installed
mmseg and mmcv, without importing them, so that a broken operator library is no obstacle.
"""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .distributions import locked
from .finding import Finding
from .modules import import_error

#: Types that use an operator on a GPU only and have a plain PyTorch way on the CPU.
OPTIONAL_ON_CPU = {'FocalLoss'}


def check_operators(config_file: Path) -> list[Finding]:
    """Find types in a config that need operators which the installed mmcv does not have.

    Args:
        config_file: an mmengine config in the text style.

    Returns:
        One finding that names all such types, or none.

    Raises:
        FileNotFoundError: the config, or a file that it inherits from, does not exist.
    """
    needed = sorted(types_in_config(config_file) & types_with_operators())
    if not needed:
        return []
    error = import_error('mmcv._ext')
    if error is None:
        return []
    return [
        Finding(
            f'{config_file} uses {", ".join(needed)}, which need the compiled operators of mmcv; '
            f'the installed mmcv has none ({error})',
            'python -m pip install ninja && python -m pip install --no-deps --force-reinstall '
            f'--no-cache-dir --no-build-isolation --no-binary onedl-mmcv {locked("onedl-mmcv")}\n'
            'It compiles for many minutes and needs a C++ compiler and, for a GPU, the CUDA '
            'toolkit; prebuilt wheels: https://mmwheels.onedl.ai',
            fault=not set(needed) <= OPTIONAL_ON_CPU,
        )
    ]


def types_in_config(config_file: Path) -> set[str]:
    """Collect the names of all types that a config mentions, ``_base_`` files included."""
    from mmengine.config import Config

    config = Config.fromfile(config_file, import_custom_modules=False)
    return {name.rpartition('.')[2] for name in _types(config.to_dict())}


def types_with_operators() -> set[str]:
    """Collect the registered names of classes that mmseg and mmcv build on compiled operators."""
    names: set[str] = set()
    for folder in (package_folder('mmcv', 'ops'), package_folder('mmseg')):
        if folder is None:
            continue
        for file in folder.rglob('*.py'):
            source = file.read_text(encoding='utf-8')
            if 'register_module' not in source:
                continue
            tree = ast.parse(source)
            if folder.name == 'ops' or _imports_operators(tree):
                names.update(_registered_names(tree))
    return names


def package_folder(package: str, *parts: str) -> Path | None:
    """Find a folder of an installed package without importing it; None if it is not installed."""
    spec = find_spec(package)
    return Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else None


def _types(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if 'type' in value:
            kind = value['type']
            yield kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
        for part in value.values():
            yield from _types(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _types(part)


def _imports_operators(tree: ast.Module) -> bool:
    """Tell whether a module imports from mmcv.ops when it is imported, in a try or outside one."""
    statements = list(tree.body)
    for statement in tree.body:
        if isinstance(statement, ast.Try):
            statements += statement.body
    return any(
        isinstance(statement, ast.ImportFrom) and (statement.module or '').startswith('mmcv.ops')
        for statement in statements
    )


def _registered_names(tree: ast.Module) -> Iterator[str]:
    """List the names under which the decorated classes of a module are registered."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call):
                continue
            if getattr(decorator.func, 'attr', '') != 'register_module':
                continue
            given = [keyword.value for keyword in decorator.keywords if keyword.arg == 'name']
            given += decorator.args
            constants = [value.value for value in given if isinstance(value, ast.Constant)]
            yield from map(str, constants or [node.name])
