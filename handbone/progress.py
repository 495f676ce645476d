"""Progress of long work: a bar on a terminal, a line a minute in a log."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

#: Seconds after which a bar appears on a terminal.
DELAY = 3
#: Seconds between lines in a log; work that takes less writes none.
LOG_INTERVAL = 60
#: What a line in a log says.
LOG_LINE = '{desc}{n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]'
LOG_LINE_WITHOUT_TOTAL = '{desc}{n_fmt} [{elapsed}, {rate_fmt}]'


class _LogFile:
    """A file that gets a line of its own for every new state of a bar.

    Args:
        file: The file.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._last = ''

    def write(self, text: str) -> None:
        line = text.strip()
        if line and line != self._last:
            self._file.write(f'{line}\n')
            self._last = line

    def flush(self) -> None:
        self._file.flush()


def progress_bar(
    iterable: Iterable | None = None,
    description: str = '',
    *,
    total: int | None = None,
    initial: int = 0,
    unit: str = 'image',
    shown: bool = True,
) -> tqdm:
    """Show how far some work is, on the standard error output.

    On a terminal, a bar appears after 3 seconds. Elsewhere, as in the log of a batch job, there is
    a line a minute and one at the end, and none where all is done within a minute. With several
    processes, the first one shows it.

    Args:
        iterable: What is worked through; without it, call ``update`` of the result.
        description: What is done, such as 'Reading'.
        total: Number of steps, where the length of ``iterable`` does not tell.
        initial: Number of steps done before.
        unit: What a step is.
        shown: Whether to show anything.

    Returns:
        A bar of tqdm: iterate over it, or use it in a ``with`` statement.

    >>> list(progress_bar([1, 2], 'Reading'))
    [1, 2]
    """
    settings: dict[str, Any] = dict(delay=DELAY)
    if not sys.stderr.isatty():
        length = total if total is not None or iterable is None else _length(iterable)
        settings = dict(
            delay=LOG_INTERVAL,
            mininterval=LOG_INTERVAL,
            miniters=1,
            file=_LogFile(sys.stderr),
            bar_format=LOG_LINE_WITHOUT_TOTAL if length is None else LOG_LINE,
        )
        description = description and f'{description}: '
    return tqdm(
        iterable,
        description,
        total=total,
        initial=initial,
        unit=unit,
        disable=not (shown and _is_first_process()),
        **settings,
    )


def duration(seconds: float) -> str:
    """Write a duration the way people say it.

    >>> duration(5.2), duration(200), duration(7500)
    ('5 s', '3 min', '2 h 5 min')

    Args:
        seconds: The duration.

    Returns:
        Seconds below two minutes, minutes below two hours, else hours and minutes.
    """
    if seconds < 120:
        return f'{seconds:.0f} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 120 else f'{minutes // 60} h {minutes % 60} min'


def _length(iterable: Iterable) -> int | None:
    try:
        return len(iterable)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_first_process() -> bool:
    # without PyTorch there is no group of processes, and importing it takes seconds
    if 'torch' not in sys.modules:
        return True
    from mmengine.dist import is_main_process

    return bool(is_main_process())
