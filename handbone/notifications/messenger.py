"""A small process beside a training: it sends messages, and tells of a kill or a hang.

The training writes one JSON object per line into the standard input of this process:

- ``{"message": ["title", "body", "kind"]}``, to be sent;
- ``{"beat": "iteration 120 of 500"}``, every second or so: how far the training is;
- ``{"end": true}``: it ends on its own.

A training that is gone without the last was killed. One without a beat for too long hangs.
"""

import contextlib
import json
import os
import selectors
import sys
import time
from typing import Any

import psutil

from handbone.errors import HandboneError

from .delivery import Delivery
from .destinations import find_destinations
from .message import Message
from .service import Service

#: Seconds between two looks at the training.
PERIOD = 0.5
#: Below this share of available memory, the system's killer is the likely reason of an end.
LITTLE_MEMORY = 0.05
#: Seconds before an end in which little memory is worth a word.
RECENT = 15.0
GIGABYTE = 2**30


class Messenger:
    """What the process does.

    Args:
        settings: ``to`` (names of destinations, or None), ``label`` (what messages call the
            training), and in seconds ``hang_seconds`` (silence after which it hangs),
            ``first_pause`` (before the second attempt to send) and ``patience`` (for which
            messages are tried after its end); ``training`` is the number of its process.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._label = settings['label']
        self._hang_seconds = settings['hang_seconds']
        self._patience = settings['patience']
        self._training = settings['training']
        self._deliveries = [
            Delivery(Service(destination), _report, settings['first_pause'])
            for destination in find_destinations(settings['to'])
        ]
        self._unread = b''
        self._ended = self._hanging = False
        self._last_beat, self._done = time.monotonic(), 'before the first iteration'
        self._little_memory = (-RECENT, 0)  # when it was seen, and how much

    def run(self) -> bool:
        """Work until the training has ended and its messages are sent, or cannot be.

        Returns:
            Whether all of them were sent.
        """
        os.set_blocking(0, False)
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            open_ = True
            while open_ and not self._ended:
                selector.select(PERIOD)
                gone = os.getppid() != self._training  # before the last words are read
                open_ = self._read() and not gone
                if open_:
                    self._look()
        if not self._ended:
            self._tell_of_death()
        deadline = time.monotonic() + self._patience
        return all([each.wait(deadline - time.monotonic()) for each in self._deliveries])

    def _read(self) -> bool:
        """Read what the training wrote; whether it can write more."""
        while True:
            try:
                data = os.read(0, 2**16)
            except BlockingIOError:
                return True
            *lines, self._unread = (self._unread + data).split(b'\n')
            for line in lines:
                self._take(json.loads(line))
            if not data:
                return False

    def _take(self, content: dict[str, Any]) -> None:
        if 'message' in content:
            self._tell(Message(*content['message']))
        if 'beat' in content:
            self._last_beat, self._done = time.monotonic(), content['beat']
            if self._hanging:
                self._hanging = False
                self._tell(
                    Message(f'Training continues: {self._label}', f'At {self._done}.', 'success')
                )
        self._ended = self._ended or 'end' in content

    def _look(self) -> None:
        """See whether the training hangs, and how much memory is left."""
        silence = time.monotonic() - self._last_beat
        if not self._hanging and silence > self._hang_seconds:
            self._hanging = True
            minutes = silence / 60
            self._tell(
                Message(
                    f'Training hangs: {self._label}',
                    f'No iteration has ended for {minutes:.3g} minutes; it is at {self._done}.',
                    'warning',
                )
            )
        memory = psutil.virtual_memory()
        if memory.available < LITTLE_MEMORY * memory.total:
            self._little_memory = (time.monotonic(), memory.available)

    def _tell_of_death(self) -> None:
        when, left = self._little_memory
        why = ''
        if time.monotonic() - when < RECENT:
            why = (
                f' Only {left / GIGABYTE:.1f} GB of memory were left shortly before: the '
                "system's out-of-memory killer may have ended it."
            )
        self._tell(
            Message(
                f'Training was killed: {self._label}',
                f'Its process ended without an error of its own, at {self._done}.{why}',
                'failure',
            )
        )

    def _tell(self, message: Message) -> None:
        for delivery in self._deliveries:
            delivery.add(message)


def _report(line: str) -> None:
    """Write a line for the log of the training, while it can read it."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def main() -> None:
    """Work for the training that started this process, whose settings are the last argument."""
    try:
        messenger = Messenger(json.loads(sys.argv[-1]))
    except (HandboneError, OSError) as error:
        _report(str(error))
        sys.exit(1)
    sys.exit(0 if messenger.run() else 1)
