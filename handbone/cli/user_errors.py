"""Errors that a user can correct, as one line instead of a traceback."""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator

from handbone.user_message import VARIABLE, user_message


@contextlib.contextmanager
def user_errors_in_one_line(predicting: bool = False) -> Iterator[None]:
    """End the program with ``error: …`` on standard error and exit code 1.

    The environment variable ``HANDBONE_TRACEBACK=1`` lets the traceback through.

    Args:
        predicting: Whether the program predicts a stream of images; see
            :mod:`handbone.resource_errors`.

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
