"""Packages that only some models need, imported where they are used."""

import importlib
from types import ModuleType

from handbone.errors import HandboneError


class MissingExtraError(HandboneError, ImportError):
    """A package of one of handbone's extras is not installed, or does not load."""


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: Name of the module.
        extra: Name of handbone's extra that brings the package.

    Returns:
        The module.

    Raises:
        MissingExtraError: If it cannot be imported; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f'{module} is not installed ({error}): pip install "handbone[{extra}]"'
        ) from error
    except (ImportError, RuntimeError) as error:
        # torchvision of another build than torch ends in a RuntimeError about its operators
        raise MissingExtraError(
            f'{module} is installed but does not load ({error}): `handbone check` says how to '
            'correct that'
        ) from error
