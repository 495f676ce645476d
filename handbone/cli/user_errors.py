"""Errors that a user can correct, as one line instead of a traceback."""

import contextlib
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator

from handbone.errors import HandboneError

from .resource_errors import resource_message

#: What bad configs, data, checkpoints and full disks raise. Other exceptions are faults of the
#: program and keep their traceback.
USER_ERRORS = (HandboneError, OSError)
#: Set to 1, it shows the traceback of these errors too.
VARIABLE = 'HANDBONE_TRACEBACK'

#: How torch's data loader begins the text of an error in one of its workers.
IN_WORKER = re.compile(r'Caught (\w+) in DataLoader worker process \d+\.')


@contextlib.contextmanager
def user_errors_in_one_line(predicting: bool = False) -> Iterator[None]:
    """End the program with ``error: …`` on standard error and exit code 1.

    The environment variable ``HANDBONE_TRACEBACK=1`` lets the traceback through.

    Args:
        predicting: Whether the program predicts a stream of images; see :func:`resource_message`.

    Yields:
        Nothing.

    Raises:
        SystemExit: Instead of an error that a user can correct, or of an interrupt.
    """
    traceback_wanted = os.environ.get(VARIABLE) == '1'
    # a log that cannot be written, as on a full disk, is reported by what fails next
    logging.raiseExceptions = traceback_wanted
    try:
        yield
    except KeyboardInterrupt:
        if traceback_wanted:
            raise
        print('interrupted', file=sys.stderr, flush=True)
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        # the data loader raises from the signal of a dead worker, now from within this handler
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        message = user_message(error, predicting)
        if message is None or traceback_wanted:
            raise
        print(f'error: {message}', file=sys.stderr, flush=True)
        sys.exit(1)


def user_message(error: Exception, predicting: bool = False) -> str | None:
    """Find what to tell the user.

    An error in a worker of the data loader arrives with its traceback as the text.

    Args:
        error: What was raised.
        predicting: As for :func:`user_errors_in_one_line`.

    Returns:
        The message, or ``None`` for errors that are faults of the program.
    """
    lacking = resource_message(error, predicting)
    if lacking is not None or not isinstance(error, USER_ERRORS):
        return lacking
    text = str(error)
    in_worker = IN_WORKER.match(text)
    if in_worker:
        return text.rpartition(f'{in_worker.group(1)}: ')[2].strip()
    if isinstance(error, OSError) and error.errno is not None and error.filename is None:
        # the system's own words say neither where nor why
        return f'{text} ({VARIABLE}=1 shows where)'
    return text
