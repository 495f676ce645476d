"""What a user is told of an error: one line, where the user can correct it."""

import re
import traceback
from pathlib import Path

from .errors import HandboneError
from .resource_errors import resource_message

#: What bad configs, data, checkpoints and full disks raise. Other exceptions are faults of the
#: program and keep their traceback.
USER_ERRORS = (HandboneError, OSError)
#: Set to 1, it shows the traceback of these errors too.
VARIABLE = 'HANDBONE_TRACEBACK'

#: How torch's data loader begins the text of an error in one of its workers.
IN_WORKER = re.compile(r'Caught (\w+) in DataLoader worker process \d+\.')


def user_message(error: Exception, predicting: bool = False) -> str | None:
    """Find what to tell the user.

    An error in a worker of the data loader arrives with its traceback as the text.

    Args:
        error: What was raised.
        predicting: Whether a stream of images was predicted; see
            :func:`~handbone.resource_errors.resource_message`.

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


def error_line(error: BaseException) -> str:
    """Describe any error in one line, with its place if it is a fault of the program.

    Args:
        error: What was raised.

    Returns:
        The line.

    >>> error_line(HandboneError('labels.csv, line 3: there is no class'))
    'labels.csv, line 3: there is no class'
    """
    message = user_message(error) if isinstance(error, Exception) else None
    if message is not None:
        return ' '.join(message.split())
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # the last line, because a worker of the data loader sends its traceback as the text
    text = lines[-1] if IN_WORKER.match(str(error)) else ' '.join(lines)
    frames = traceback.extract_tb(error.__traceback__)
    place = f' ({Path(frames[-1].filename).name}, line {frames[-1].lineno})' if frames else ''
    return f'{type(error).__name__}{f": {text}" if text else ""}{place}'
