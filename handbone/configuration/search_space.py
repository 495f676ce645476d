"""The file of a search space: which settings of a config may vary, and how."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from handbone.errors import HandboneError, shown
from handbone.search.parameters import Choice, Parameter, Range, value_choice
from handbone.structure import Fields, check_structure, one_line
from handbone.text_files import read_text

from .dumped_config import read_dumped_config
from .options import set_options

if TYPE_CHECKING:
    from mmengine.config import Config

#: The name that a space has in a Python file.
VARIABLE = 'space'
RANGE = Fields(dict(low=float, high=float), dict(log=bool, step=float))
EXAMPLE = '{low: 0.001, high: 0.1, log: true} or {choices: [2, 4, 8]}'


class _Loader(yaml.SafeLoader):
    """Reads YAML in which ``1e-3`` is a number, as YAML 1.2 and JSON have it."""


_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float',
    re.compile(r'^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$'),
    list('-+.0123456789'),
)


def read_search_space(path: str | Path) -> list[Parameter]:
    """Read a search space. Nothing in the file is executed.

    >>> read_search_space('configs/search/rate.yaml')[0].name
    'optim_wrapper.optimizer.lr'

    Args:
        path: YAML, which maps parameters to ranges and choices, or Python with a ``dict`` of them
            named ``space``.

    Returns:
        The parameters, in the order of the file.

    Raises:
        OSError: If the file cannot be read.
        HandboneError: If it is not a search space; the message names the parameter.
    """
    path = Path(path)
    content = _read(path)
    if not isinstance(content, dict) or not content:
        raise HandboneError(
            f'{path} must map settings to ranges or choices, as in '
            f'optim_wrapper.optimizer.lr: {EXAMPLE}'
        )
    parameters = [_parameter(key, value, path) for key, value in content.items()]
    keys: dict[str, str] = {}
    for parameter in parameters:
        for key in {key for settings in parameter.examples() for key in settings}:
            if key in keys:
                raise HandboneError(
                    f'{path}: {keys[key]} and {parameter.name} both set {key}; keep one of them'
                )
            keys[key] = parameter.name
    return parameters


def check_search_space(space: Sequence[Parameter], cfg: 'Config', path: str | Path) -> None:
    """Try the ends of all ranges and all choices on a config.

    Args:
        space: What may vary.
        cfg: Complete configuration; it is not changed.
        path: The file of the space, for messages.

    Raises:
        HandboneError: If a setting would have no effect; the message names it.
    """
    for parameter in space:
        for settings in parameter.examples():
            try:
                set_options(deepcopy(cfg), settings)
            except HandboneError as error:
                raise HandboneError(f'{path}: {error}') from error


def _read(path: Path) -> Any:
    if path.suffix == '.py':
        content = read_dumped_config(path)
        if VARIABLE not in content:
            raise HandboneError(f'{path} has no {VARIABLE} = {{...}} with ranges and choices')
        return content[VARIABLE]
    text = read_text(path)
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise HandboneError(f'{path} is not YAML: {one_line(error)}') from error


def _parameter(key: Any, value: Any, path: Path) -> Parameter:
    place = f'{path}: {one_line(shown(key))}'
    if not isinstance(key, str):
        raise HandboneError(f'{place} is not the dotted key of a setting')
    if isinstance(value, Mapping) and 'choices' in value:
        return _choice(key, value['choices'], place)
    if not _is_range(value):
        raise HandboneError(f'{place} is {one_line(shown(value))}, not {EXAMPLE}')
    return _range(key, key, value, place)


def _choice(name: str, choices: Any, place: str) -> Choice:
    if isinstance(choices, Mapping) and choices:
        check_structure(choices, {str: {str: object}}, f'{place}.choices')
        options = {
            label: {
                key: _range(f'{name}={label}: {key}', key, value, f'{place}.{label}.{key}')
                if _is_range(value)
                else value
                for key, value in settings.items()
            }
            for label, settings in choices.items()
        }
        return Choice(name, options)
    check_structure(choices, [object], f'{place}.choices')
    if not choices:
        raise HandboneError(f'{place} has no choices')
    choice = value_choice(name, choices)
    if len(choice.options) < len(choices):
        raise HandboneError(f'{place} names a choice twice: {one_line(shown(choices))}')
    return choice


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and {'low', 'high'} <= {*value}


def _range(name: str, key: str, value: Mapping, place: str) -> Range:
    check_structure(value, RANGE, place)
    unknown = {*value} - {*RANGE.required, *RANGE.optional}
    if unknown:
        raise HandboneError(
            f'{place} has {one_line(shown(min(map(str, unknown))))}; it takes low, '
            'high, log and step'
        )
    low, high, log, step = (value.get(each) for each in ('low', 'high', 'log', 'step'))
    assert low is not None and high is not None
    fault = None
    if not float('-inf') < low <= high < float('inf'):
        fault = f'low {low} must not be above high {high}'
    elif log and low <= 0:
        fault = f'low {low} must be above 0 where log is true'
    elif log and step is not None:
        fault = 'log and step exclude each other'
    elif step is not None and not 0 < step < float('inf'):
        fault = f'step {step} must be above 0'
    elif step is not None and isinstance(low, int) and isinstance(high, int) and step % 1:
        fault = f'step {step} must be a whole number, as low and high are'
    if fault:
        raise HandboneError(f'{place}: {fault}')
    return Range(name, key, low, high, bool(log), step)
