"""Runs that ended without a word, such as by ``kill -9``: their rows say 'running' for ever."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from socket import gethostname

import psutil

from .keyed_table import Cell, KeyedTable
from .result_row import KEY, RUNNING, STOPPED

#: Columns that tell whether a run goes on.
PROCESS, SEEN = 'process', 'seen'
#: Seconds between two signs of life of a run.
BEAT = 300.0
#: A run without a sign of life for so long has stopped; clocks of machines may differ by minutes.
SILENCE = timedelta(minutes=20)
#: Seconds by which the start of a process may seem to move when the clock is set.
CLOCK_STEP = 2.0
#: Where Linux says which processes can see each other.
NAMESPACE = Path('/proc/self/ns/pid')


def sign_of_life() -> dict[str, Cell]:
    """Say which process runs, and that it runs now.

    Returns:
        Cells by column.
    """
    process = psutil.Process()
    return {
        PROCESS: f'{process.pid} {process.create_time():.1f} {_namespace()}'.rstrip(),
        SEEN: datetime.now().astimezone().isoformat(' ', 'seconds'),
    }


def with_stopped(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Tell which runs have ended without a word.

    A run of this machine has if its process is gone, any other if it has given no sign of life for
    20 minutes.

    Args:
        rows: Rows of a table of results.

    Returns:
        The rows, with the state 'stopped' where it was 'running'.
    """
    return [dict(row, state=STOPPED) if _has_stopped(row) else dict(row) for row in rows]


def write_stopped(table: KeyedTable, own: Cell) -> None:
    """Write into a table which runs have ended without a word.

    Args:
        table: A table of results.
        own: Key of the run that writes, which is left as it is.

    Raises:
        HandboneError: If the table cannot be read or written.
        OSError: The same, for files.
    """
    found = {row[KEY] for row in table.rows() if _has_stopped(row) and row.get(KEY) != own}
    # what a run wrote with its last breath, before its process was gone, is there by now
    rows = table.rows() if found else []
    silent = [row[KEY] for row in rows if row.get(KEY) in found and _has_stopped(row)]
    if silent:
        table.put([{KEY: key, 'state': STOPPED} for key in silent])


def _has_stopped(row: Mapping[str, str]) -> bool:
    if row.get('state') != RUNNING:
        return False
    if row.get('machine') == gethostname():
        goes_on = _goes_on(row.get(PROCESS) or '')
        if goes_on is not None:
            return not goes_on
    try:
        seen = datetime.fromisoformat(row.get(SEEN) or '')
        return datetime.now().astimezone() - seen > SILENCE
    except (TypeError, ValueError):  # a row of an earlier version, or without a time zone
        return False


def _goes_on(process: str) -> bool | None:
    """Tell whether a process of this machine goes on; None if it cannot be seen from here."""
    pid, _, rest = process.partition(' ')
    start, _, namespace = rest.partition(' ')
    if namespace != _namespace():
        return None
    try:
        found = psutil.Process(int(pid))
        same = abs(found.create_time() - float(start)) < CLOCK_STEP
        return same and found.status() != psutil.STATUS_ZOMBIE
    except ValueError:
        return None
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def _namespace() -> str:
    try:
        return str(NAMESPACE.stat().st_ino)
    except OSError:  # not Linux
        return ''
