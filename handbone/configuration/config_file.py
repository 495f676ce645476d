"""Read a config file, for commands and functions."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handbone.errors import HandboneError
from handbone.quiet_loggers import quiet
from handbone.text_files import line_of, read_text

from .option_values import parse_option

if TYPE_CHECKING:
    from mmengine.config import Config

#: What mmengine reads as a config; none of them is an image.
CONFIG_SUFFIXES = ('.py', '.json', '.yaml', '.yml')


def read_config_file(path: str | Path, options: Sequence[str] | Mapping[str, Any] = ()) -> 'Config':
    """Read a config and register the types that it uses.

    Args:
        path: The file.
        options: Settings to change: ``key=value``, as ``--cfg-options`` takes them, or values by
            dotted key.

    Returns:
        The config.

    Raises:
        FileNotFoundError: If the file does not exist.
        HandboneError: If it is not a config, or an option would have no effect.
    """
    import yaml
    from mmengine.config import Config
    from mmengine.config.utils import ConfigParsingError
    from mmengine.logging import MMLogger

    from handbone.registration import register

    from .options import set_options

    register()
    try:
        # mmengine notes every environment variable that it reads
        with quiet(MMLogger.get_current_instance()):
            cfg = Config.fromfile(path)
    except SyntaxError as error:
        raise HandboneError(
            f'{path}: line {error.lineno} of it or of a base is not a config ({error.msg})'
        ) from error
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        fault = ' '.join(str(error).split())
        raise HandboneError(f'{path} is not a config ({fault}). It may be cut off.') from error
    except UnicodeDecodeError as error:
        read_text(Path(path))  # says so itself, with the line, unless a base is meant
        raise HandboneError(
            f'{path}: line {line_of(error)} of a base of it is not a text in UTF-8 '
            f'({error.reason}). Save the base as UTF-8.'
        ) from error
    except (AttributeError, ConfigParsingError, ImportError, KeyError, NameError) as error:
        reason = ' '.join(str(error.args[0] if error.args else error).split())
        raise HandboneError(f'{path} cannot be read: {reason}') from error
    set_options(cfg, options if isinstance(options, Mapping) else parse_options(options))
    return cfg


def parse_options(options: Sequence[str]) -> dict[str, Any]:
    """Parse settings as mmengine does, and dicts in them; see :func:`parse_option`.

    >>> parse_options(['optim_wrapper.optimizer.lr=0.01', 'sizes=[1,2]'])
    {'optim_wrapper.optimizer.lr': 0.01, 'sizes': [1, 2]}

    Args:
        options: ``key=value``, nested keys with dots.

    Returns:
        The values by dotted key.

    Raises:
        HandboneError: If one is not a value.
    """
    return {key: value for each in options for key, value in parse_option(each).items()}
