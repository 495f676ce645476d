"""Reading a config file: the one way for commands and functions."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmengine.config import Config


def read_config_file(path: str | Path, options: Sequence[str] = ()) -> 'Config':
    """Read a config, with all that its types need in the registries.

    Args:
        path: The file.
        options: Settings to override, as ``--cfg-options`` takes them.

    Returns:
        The config.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    from mmengine.config import Config

    from handbone.registration import register

    register()
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(parse_options(options))
    return cfg


def parse_options(options: Sequence[str]) -> dict[str, Any]:
    """Parse settings as mmengine does.

    >>> parse_options(['optim_wrapper.optimizer.lr=0.01', 'sizes=[1,2]'])
    {'optim_wrapper.optimizer.lr': 0.01, 'sizes': [1, 2]}

    Args:
        options: ``key=value``, nested keys with dots.

    Returns:
        The values by dotted key.
    """
    if not options:
        return {}
    # only here, because importing it takes seconds
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='+', action=DictAction)
    return parser.parse_args(['--options', *options]).options
