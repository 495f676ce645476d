"""What a tracker is to be told, on the disk until it knows."""

import json
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

from handbone.files import write_atomically
from handbone.structure import Fields, check_structure, parse_json

#: Most operations that are read at once.
BATCH = 500
#: What is known of the run; ``sent`` is the number of bytes of the journal that the server has.
STATE = Fields(dict(sent=int), dict(run_id=str, tracking_uri=(str, None)))


class Journal:
    """A file of operations, one JSON object per line, and a file of what has been sent of them.

    The training appends, and the thread that sends reads. What was sent but not yet marked when the
    process was killed is sent twice.

    Args:
        path: ``NAME.jsonl``; the state is in ``NAME.json`` beside it.

    Raises:
        HandboneError: If the state is damaged.
        OSError: If a file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state_path = path.with_suffix('.json')
        self._lock = threading.Lock()
        self._appending = False
        self.state: dict[str, Any] = dict(sent=0)
        if self._state_path.is_file():
            self.state = parse_json(self._state_path.read_bytes(), str(self._state_path))
            check_structure(self.state, STATE, str(self._state_path))

    def append(self, **operation: Any) -> None:
        """Append an operation.

        Args:
            **operation: What can be written as JSON.

        Raises:
            OSError: If the disk does not take it.
        """
        line = json.dumps(operation).encode() + b'\n'
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open('a+b') as file:
                if not self._appending:
                    _drop_half_a_line(file, self.state['sent'])
                    self._appending = True
                end = file.seek(0, os.SEEK_END)
                try:
                    file.write(line)
                    file.flush()
                except OSError:
                    file.truncate(end)  # half a line would spoil the next one
                    raise

    def unsent(self) -> tuple[list[dict[str, Any]], list[int]]:
        """Read the next operations.

        Returns:
            Operations, and for each the bytes of the journal up to its end.

        Raises:
            OSError: If the file cannot be read.
        """
        operations: list[dict[str, Any]] = []
        ends: list[int] = []
        if not self.path.is_file():
            return operations, ends
        with self._lock, self.path.open('rb') as file:
            file.seek(self.state['sent'])
            for line in file:
                if not line.endswith(b'\n'):  # the process was killed while it wrote
                    break
                ends.append((ends or [self.state['sent']])[-1] + len(line))
                operations.append(json.loads(line))
                if len(operations) == BATCH:
                    break
        return operations, ends

    def mark(self, **state: Any) -> None:
        """Note what has been sent, or the run.

        Args:
            **state: ``sent``, ``run_id`` or ``tracking_uri``.

        Raises:
            OSError: If it cannot be written.
        """
        self.state.update(state)
        write_atomically(self._state_path, json.dumps(self.state).encode())


def _drop_half_a_line(file: BinaryIO, begin: int) -> None:
    """Drop what a process that was killed left of a line, which would spoil the next one.

    Args:
        file: The journal, open for writing.
        begin: Bytes up to the end of some line.
    """
    file.seek(begin)
    half = file.read().rpartition(b'\n')[2]
    if half:
        file.truncate(file.tell() - len(half))
