"""Where messages go: addresses with secrets, which configs name but never hold."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.owner_only_file import read_owner_only

#: The environment variable that is read if nothing is named.
VARIABLE = 'HANDBONE_NOTIFY'
#: What begins an address.
SCHEME = re.compile(r'([a-z][a-z0-9+-]*)://', re.IGNORECASE)


class Destination(NamedTuple):
    """An address that messages go to.

    Attributes:
        address: URL of Apprise, with its secrets. Never shown.
        place: Where it was read: the variable or the line of the file.
    """

    address: str
    place: str

    def __repr__(self) -> str:
        return f'Destination({self.place})'

    @property
    def scheme(self) -> str:
        """What the address begins with, such as ``slack``."""
        return self.address.partition('://')[0].lower()


def settings_folder() -> Path:
    """Name the folder of the user's own settings.

    Returns:
        ``$XDG_CONFIG_HOME/handbone``, or ``~/.config/handbone``.
    """
    home = os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config'
    return Path(home) / 'handbone'


def default_file() -> Path:
    """Name the file of addresses that is read if nothing is named and the variable is not set.

    Returns:
        ``notify.txt`` in the folder of settings.
    """
    return settings_folder() / 'notify.txt'


def refuse_addresses(names: Sequence[str]) -> None:
    """Make sure that a list of names holds no address, whose secrets would be copied into logs.

    Args:
        names: Names of variables and files.

    Raises:
        HandboneError: If one of them is an address; the message does not show it.
    """
    for name in names:
        if SCHEME.search(name):
            raise HandboneError(
                f'an address with its secrets ({SCHEME.search(name)[0]}…) does not belong into a '  # type: ignore[index]
                'config or onto a command line, which end up in logs and checkpoints: write it '
                f'into {default_file()}, or name an environment variable as $NAME'
            )


def find_destinations(names: Sequence[str] | None = None) -> list[Destination]:
    """Read the addresses that names stand for.

    Args:
        names: ``$NAME`` for an environment variable, whose addresses are separated by white space,
            or a file with one address per line, which only its owner can read; lines that begin
            with # are comments. Default: the variable HANDBONE_NOTIFY if it is set, else
            :func:`default_file`.

    Returns:
        The addresses, each once.

    Raises:
        HandboneError: If there are none, a variable is not set, or a file can be read by others.
        OSError: If a file cannot be read.
    """
    if names is None:
        names = [f'${VARIABLE}'] if os.environ.get(VARIABLE) else [str(default_file())]
        if names == [str(default_file())] and not default_file().is_file():
            raise HandboneError(
                f'there is no address to send messages to: export {VARIABLE}=…, or write addresses '
                f'into {default_file()}, one per line, and chmod 600 it'
            )
    refuse_addresses(names)
    found = [destination for name in names for destination in _named(name)]
    if not found:
        raise HandboneError(
            f'{", ".join(names) or "to=[]"}: there is no address to send messages to. Write one '
            'per line, such as slack://… (docs/notifications.md lists them)'
        )
    return list({each.address: each for each in found}.values())


def _named(name: str) -> list[Destination]:
    if name.startswith('$'):
        variable = name[1:].strip('{}')
        text = os.environ.get(variable)
        if text is None:
            raise HandboneError(
                f'the environment has no variable {variable}: export {variable}=…, with the '
                'addresses to send messages to'
            )
        return [_destination(word, name) for word in text.split()]
    path = Path(name).expanduser()
    if not path.is_file():
        raise HandboneError(
            f'{path}: there is no such file. Write the addresses to send messages to into it, one '
            f'per line, and chmod 600 {path}'
        )
    lines = enumerate(read_owner_only(path).splitlines(), start=1)
    return [
        _destination(line.strip(), f'{path}, line {number}')
        for number, line in lines
        if line.strip() and not line.lstrip().startswith('#')
    ]


def _destination(text: str, place: str) -> Destination:
    if not SCHEME.match(text):
        raise HandboneError(
            f'{place}: an address must begin with the name of its service, such as slack:// '
            '(docs/notifications.md lists them)'
        )
    return Destination(text, place)
