"""Files with secrets, which only their owner can read."""

import os
import stat
from pathlib import Path

from handbone.errors import HandboneError


def read_owner_only(path: Path) -> str:
    """Read a file with secrets.

    Args:
        path: The file.

    Returns:
        Its text.

    Raises:
        HandboneError: If it belongs to a different user, others can read or change it, or it is not
            in UTF-8.
        OSError: If it cannot be read.
    """
    with path.open('rb') as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid():
            raise HandboneError(
                f'{path} holds secrets and belongs to a different user (number {status.st_uid}): '
                'make a file of your own'
            )
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise HandboneError(
                f'{path} holds secrets and others can read it (mode '
                f'{stat.S_IMODE(status.st_mode):o}): chmod 600 {path}, and replace the secrets if '
                'somebody may have seen them'
            )
        data = file.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise HandboneError(f'{path} is not a text in UTF-8: write it again') from error
