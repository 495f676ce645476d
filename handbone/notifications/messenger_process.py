"""The training's side of the messenger: it starts the process and writes to it without waiting."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from handbone.errors import HandboneError

from .message import Message

#: The process finds the package where this one found it, and registers nothing.
START = (
    'import json, sys; sys.path[:] = json.loads(sys.argv[1]); '
    'import handbone_command; handbone_command.running = True; '
    'from handbone.notifications.messenger import main; main()'
)
#: Bytes that wait for a messenger that does not read; more are dropped.
MOST_UNWRITTEN = 2**20


class MessengerProcess:
    """A messenger of this process; see :mod:`handbone.notifications.messenger`.

    Nothing here waits for the messenger or raises because of it, but the constructor.

    Args:
        settings: Those of the :class:`~handbone.notifications.messenger.Messenger`. They hold no
            secrets, because a list of processes shows them.
        report: Gets a line when a service does not take messages.

    Raises:
        OSError: If no process can be started.
    """

    def __init__(self, settings: Mapping[str, Any], report: Callable[[str], None]) -> None:
        self._report = report
        self._process = subprocess.Popen(
            [
                *(sys.executable, '-c', START),
                json.dumps([str(place) for place in sys.path]),
                # it may be gone before the messenger could ask who its parent is
                json.dumps({**settings, 'training': os.getpid()}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it outlives a Ctrl+C that ends the training
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise HandboneError('the messenger has no pipes')
        self._input = self._process.stdin.fileno()
        os.set_blocking(self._input, False)
        self._unwritten = b''
        self._gone = False
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def send(self, message: Message) -> None:
        """Send a message; returns at once.

        Args:
            message: The message.
        """
        self._write({'message': list(message)})

    def beat(self, done: str) -> None:
        """Say that the training is alive.

        Args:
            done: How far it is.
        """
        if not self._unwritten:
            self._write({'beat': done})
        else:
            self._flush()

    def end(self, seconds: float) -> bool:
        """Say that the training ends, and give the messenger time to send what is left.

        Args:
            seconds: How long to wait. After that, the messenger goes on alone.

        Returns:
            Whether everything was sent.
        """
        self._write({'end': True})
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(1.0)  # its last words
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return status == 0

    @property
    def running(self) -> bool:
        """Whether the messenger is still at work."""
        return self._process.poll() is None

    def _write(self, content: dict) -> None:
        line = json.dumps(content).encode() + b'\n'
        if len(self._unwritten) + len(line) <= MOST_UNWRITTEN:
            self._unwritten += line
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                while self._unwritten:
                    self._unwritten = self._unwritten[os.write(self._input, self._unwritten) :]
            except BrokenPipeError:
                self._unwritten = b''
                if not self._gone:
                    self._gone = True
                    self._report('the process that sends messages has ended: no more will be sent')

    def _pass_on(self) -> None:
        """Report what the messenger prints."""
        with contextlib.suppress(OSError, ValueError):  # it is closed as this process ends
            for line in self._process.stdout or ():
                self._report(line.decode(errors='replace').strip())
