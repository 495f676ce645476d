"""Settings of the command line, ``--cfg-options key=value``: each takes effect or is an error."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.errors import HandboneError

from .faults import dict_faults
from .known_settings import keys_of, name_of, nearest, settings_read

SHOWN = 8


def set_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Change settings of a config.

    Args:
        cfg: Complete configuration, changed in place.
        options: Values by dotted key, as argparse's ``DictAction`` of mmengine gives them.

    Raises:
        HandboneError: If an option would have no effect: it names a variable that the config file
            has made other settings from, or a key or type that does not exist. The message names
            the settings to change, or the nearest name.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    for key in options:
        _check_name(cfg, key, options[key])
    former = {key: _reached(cfg, key) for key in options}
    try:
        cfg.merge_from_dict(dict(options))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = str(error.args[0] if error.args else error).partition('\n')[0]
        keys = ', '.join(options)
        raise HandboneError(
            f'--cfg-options {keys}: {name_of(cfg)} does not have it: {reason[:200]}'
        ) from error
    for key in options:
        _check_place(cfg, key, former[key])


def _check_name(cfg: Config, key: str, value: Any) -> None:
    """Refuse top-level names that nothing reads."""
    name, _, rest = key.partition('.')
    read = settings_read(cfg)
    if name in read:
        return
    if name not in cfg:
        raise HandboneError(
            f'--cfg-options {key}: there is no setting {name}{nearest(name, {*read, *cfg})}'
        )
    computed = _computed_from(cfg, name)
    made = list(_made_from(cfg, name, read)) if computed or _is_distinct(cfg[name]) else []
    if not made and not computed:
        return  # the user's own setting, which a hook may read from runner.cfg
    if made:
        ending = f'.{rest}' if rest else ''
        options = ' '.join(f'{place}{ending}={_written(value)}' for place in made[:SHOWN])
        rest_of = f' and {len(made) - SHOWN} more' if len(made) > SHOWN else ''
        remedy = f'set them directly: --cfg-options {options}{rest_of}'
    else:
        remedy = 'change it there, or set what was computed from it'
    raise HandboneError(
        f'--cfg-options {key} would have no effect: {name} is a variable of {name_of(cfg)}, and '
        f'other settings were made from it when the file was read; {remedy}'
    )


def _is_distinct(value: Any) -> bool:
    """Tell whether an equal value of a setting is hardly a coincidence."""
    if isinstance(value, (int, float)):
        return abs(value) >= 10
    return bool(value)


def _made_from(cfg: Config, variable: str, read: set[str]) -> Iterator[str]:
    """Find the settings that have the value of a variable, by dotted key."""
    for name in sorted(read & {*cfg}):
        yield from _places(name, cfg[name], variable, cfg[variable])


def _places(key: str, setting: Any, variable: str, value: Any) -> Iterator[str]:
    if type(setting) is type(value) and (setting == value or key.endswith(f'.{variable}')):
        yield key
        return
    if isinstance(setting, Mapping):
        parts: Any = setting.items()
    elif isinstance(setting, (list, tuple)):
        parts = enumerate(setting)
    else:
        return
    for name, part in parts:
        yield from _places(f'{key}.{name}', part, variable, value)


def _computed_from(cfg: Config, name: str) -> bool:
    """Tell whether the text of a config uses a variable, other than to set it."""
    used = rf'(?<![\w.\'"]){name}\b(?!\s*=[^=])|_base_\.{name}\b(?!\s*=[^=])'
    text = re.sub(r'#.*', '', getattr(cfg, 'text', None) or '')
    return re.search(used, text) is not None


def _check_place(cfg: Config, key: str, former: Any) -> None:
    """Refuse keys that their dict does not take."""
    setting: Any = cfg
    parts = key.split('.')
    for index, part in enumerate(parts):
        place = '.'.join(parts[:index])
        if isinstance(setting, (list, tuple)):
            setting = setting[int(part)]
            continue
        if not isinstance(setting, (Mapping, Config)):
            return
        if place:
            _check_key(place, setting, part, key)
        if part not in setting:  # _delete_, which merging has removed
            return
        setting = setting[part]
    _check_hook(cfg, key)
    if former is None and isinstance(setting, Mapping):
        _refuse(key, dict_faults(key, setting))


def _check_key(place: str, settings: Mapping, name: str, key: str) -> None:
    if name == 'type':
        _refuse(key, dict_faults(place, settings))
        return
    keys = keys_of(place, settings)
    if keys is not None and not keys.takes(name):
        raise HandboneError(
            f'--cfg-options {key}: {place} does not take {name}{nearest(name, keys.names)}'
        )


def _check_hook(cfg: Config, key: str) -> None:
    """Refuse settings of a hook that does not exist."""
    parts = key.split('.')
    if parts[0] != 'default_hooks' or len(parts) < 2:
        return
    hook = cfg.default_hooks[parts[1]]
    if isinstance(hook, Mapping) and 'type' not in hook:
        others = {*cfg.default_hooks} - {parts[1]}
        raise HandboneError(
            f'--cfg-options {key}: there is no hook {parts[1]} in default_hooks'
            f'{nearest(parts[1], others)}'
        )


def _refuse(key: str, faults: Iterator[str]) -> None:
    fault = next(faults, None)
    if fault is not None:
        place = key.removesuffix('.type')
        remedy = f'. To replace all of it add {place}._delete_=True and set what it needs'
        replaceable = key.endswith('.type') and not place.rpartition('.')[2].isdigit()
        raise HandboneError(f'--cfg-options {key}: {fault}{remedy if replaceable else ""}')


def _reached(cfg: Config, key: str) -> Any:
    setting: Any = cfg
    for part in key.split('.'):
        if isinstance(setting, (list, tuple)) and part.isdigit() and int(part) < len(setting):
            setting = setting[int(part)]
        elif isinstance(setting, (Mapping, Config)):
            setting = setting.get(part)
        else:
            return None
    return setting


def _written(value: Any) -> str:
    """Write a value for a shell."""
    text = str(value).replace(' ', '') if isinstance(value, (list, tuple)) else str(value)
    return text if re.fullmatch(r'[\w./:+-]*', text) else f'"{text}"'
