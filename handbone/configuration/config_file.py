"""Reading a config file: the one way for commands and functions."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config


def read_config_file(path: str | Path) -> 'Config':
    """Read a config, with all that its types need in the registries.

    Args:
        path: The file.

    Returns:
        The config.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    from mmengine.config import Config

    from handbone.registration import register

    register()
    return Config.fromfile(path)
