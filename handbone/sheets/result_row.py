"""The row of a run in a table of results, and its copy in the work dir."""

import getpass
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from socket import gethostname

from handbone.files import write_atomically
from handbone.structure import check_structure, parse_json

from .keyed_table import Cell

#: The copy in the work dir, from which ``handbone status --add`` writes the row again.
FILE = 'result_row.json'
KEY = 'run'
RUNNING, FINISHED, FAILED = 'running', 'finished', 'failed'
#: The process is gone and has not said why.
STOPPED = 'stopped'


def new_row(work_dir: Path) -> dict[str, Cell]:
    """Begin the row of a run.

    Args:
        work_dir: Its work dir.

    Returns:
        Cells by column, with a key that no other run has.
    """
    now = datetime.now().astimezone()
    return {
        KEY: f'{now:%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:8]}',
        'state': RUNNING,
        'machine': gethostname(),
        'user': _user(),
        'work dir': str(work_dir.resolve()),
        'begun': now.isoformat(' ', 'seconds'),
        'seconds': 0,
    }


def write_row(row: Mapping[str, Cell], work_dir: Path) -> None:
    """Write the copy of a row.

    Args:
        row: The row.
        work_dir: The work dir.

    Raises:
        OSError: If it cannot be written.
    """
    write_atomically(work_dir / FILE, (json.dumps(row, indent=1) + '\n').encode())


def read_row(work_dir: Path) -> dict[str, Cell] | None:
    """Read the copy of a row.

    Args:
        work_dir: The work dir.

    Returns:
        The row; None if there is none.

    Raises:
        HandboneError: If the file is damaged.
        OSError: If it cannot be read.
    """
    path = work_dir / FILE
    if not path.is_file():
        return None
    row = parse_json(path.read_bytes(), str(path))
    check_structure(row, {str: (str, int, float, None)}, str(path))
    check_structure(row.get(KEY), str, f'{path}: {KEY}')
    return {KEY: row[KEY], **row}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a list of users
        return ''
