"""Types and keys in a config that do not exist, each as one line with its place."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from handbone.errors import HandboneError

from .known_settings import (
    BUILDERS_KEYS,
    GIVEN,
    find_type,
    keys_of,
    name_of,
    nearest,
    registry_of,
    required_arguments,
    settings_read,
    types_of,
)

#: Registries whose types get no arguments from their builders, except those in GIVEN.
NOTHING_GIVEN = ('HOOKS', 'LOOPS', 'METRICS', 'TRANSFORMS')
#: Errors that building something from a faulty config raises.
BUILD_ERRORS = (KeyError, TypeError, AttributeError, AssertionError)


def config_faults(cfg: Config) -> Iterator[str]:
    """Find types that are not registered and keys that their types do not take.

    Args:
        cfg: Complete configuration.

    Yields:
        One message per fault, with the dotted key.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    for name in sorted(settings_read(cfg)):
        if name in cfg:
            yield from setting_faults(name, cfg[name])


def setting_faults(key: str, value: Any) -> Iterator[str]:
    """Find the faults in a setting and everything inside it.

    Args:
        key: Its dotted key.
        value: Its value.

    Yields:
        One message per fault.
    """
    if isinstance(value, Mapping):
        yield from dict_faults(key, value)
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, (list, tuple)):
        parts = enumerate(value)
    else:
        return
    for name, part in parts:
        yield from setting_faults(f'{key}.{name}', part)


def dict_faults(key: str, settings: Mapping) -> Iterator[str]:
    """Find the faults in one dict, but not in those inside it.

    Args:
        key: Its dotted key.
        settings: The dict.

    Yields:
        One message per fault.
    """
    kind = settings.get('type')
    if kind is not None and registry_of(key) and find_type(key, kind) is None:
        yield f'{key}.type: there is no {kind}{nearest(str(kind), types_of(key))}'
        return
    keys = keys_of(key, settings)
    if keys is None:
        return
    wrong = [name for name in settings if not keys.takes(str(name))]
    missing = _missing(key, settings)
    where = f'{key}.type={_short(kind)}' if kind is not None else key
    if wrong:
        hint = f'; it needs {", ".join(missing)}' if missing else ''
        if not hint and len(wrong) == 1:
            hint = nearest(str(wrong[0]), keys.names)
        names = ', '.join(sorted(keys.names - BUILDERS_KEYS - GIVEN))
        yield f'{where} does not take {", ".join(map(str, wrong))}{hint or f"; it takes {names}"}'
    elif missing and registry_of(key) in NOTHING_GIVEN:
        yield f'{where} needs {", ".join(missing)}'


@contextlib.contextmanager
def config_faults_explained(cfg: Config) -> Iterator[None]:
    """Explain, within a block, an error of building something by the faults in its config.

    Other errors are not changed.

    Args:
        cfg: Complete configuration.

    Yields:
        Nothing.

    Raises:
        HandboneError: In place of the error, with the dotted key and similar names.
    """
    try:
        yield
    except BUILD_ERRORS as error:
        faults = list(config_faults(cfg))
        if not faults:
            raise
        raise HandboneError(f'{name_of(cfg)}: {"; ".join(faults[:3])}') from error


def build_model(cfg: Config) -> BaseModel:
    """Build the model of a config for a single process.

    Args:
        cfg: Complete configuration.

    Returns:
        The model, with plain BatchNorm in place of SyncBN.

    Raises:
        HandboneError: If a type or key in the config does not exist.
    """
    with config_faults_explained(cfg):
        init_default_scope(cfg.get('default_scope') or 'mmseg')
        return revert_sync_batchnorm(MODELS.build(cfg.model))


def check_number_of_classes(segmentor: Any, cfg: Config, classes: Sequence[str]) -> None:
    """Compare the classes of a segmentor with those of the dataset.

    Args:
        segmentor: A segmentor with ``num_classes``, without the background.
        cfg: Its configuration.
        classes: Names of the classes of the dataset.

    Raises:
        HandboneError: If there are more or fewer.
    """
    if segmentor.num_classes != len(classes):
        channels = len(classes) + segmentor.has_background
        counted = ', the background included' if segmentor.has_background else ''
        raise HandboneError(
            f'{name_of(cfg)}: the model has {segmentor.num_classes} classes and the dataset '
            f'{len(classes)}; set model.decode_head.num_classes={channels}{counted}'
        )


def _missing(key: str, settings: Mapping) -> list[str]:
    """List the arguments that a type needs and a dict does not have."""
    kind = find_type(key, settings['type']) if 'type' in settings else None
    return sorted(required_arguments(kind) - {*settings}) if callable(kind) else []


def _short(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
