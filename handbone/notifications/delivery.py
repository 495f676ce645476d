"""Delivery of messages in a thread per service, however long a service is away."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable

from .message import Message
from .service import Service

#: Seconds between the first and the second attempt; doubled from attempt to attempt.
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
#: Messages that wait for a service that is away; the oldest is dropped for one more.
MOST_WAITING = 200


class Delivery:
    """Messages on their way to one service, in order, each tried until the service takes it.

    Args:
        service: The service.
        report: Gets a line when the service does not take a message, and again when it does:
            not for each attempt.
        first_pause: Seconds before the second attempt; the pause doubles up to five minutes.
    """

    def __init__(
        self,
        service: Service,
        report: Callable[[str], None],
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._service = service
        self._report = report
        self._first_pause = first_pause
        self._waiting: deque[Message] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._sent = threading.Event()
        self._sent.set()
        threading.Thread(target=self._deliver, daemon=True).start()

    def add(self, message: Message) -> None:
        """Queue a message; returns at once.

        Args:
            message: The message.
        """
        with self._changed:
            self._waiting.append(message)
            self._sent.clear()
            self._changed.notify()

    def wait(self, seconds: float) -> bool:
        """Wait until the service has taken everything.

        Args:
            seconds: For how long.

        Returns:
            Whether it has.
        """
        return self._sent.wait(max(seconds, 0.0))

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._sent.set()
                    self._changed.wait()
                message = self._waiting[0]
            self._send(message)
            with self._changed, contextlib.suppress(ValueError):  # it may have been dropped
                self._waiting.remove(message)

    def _send(self, message: Message) -> None:
        """Send a message, however many attempts it takes."""
        pause, failed = self._first_pause, False
        while True:
            outcome = self._service.send(message)
            if outcome.sent:
                if failed:
                    self._report(f'{self._service.name} takes messages again')
                return
            if not failed:
                self._report(
                    f'{self._service.name} ({self._service.place}) did not take a message: '
                    f'{outcome.reason} It is tried again until it does'
                )
            failed = True
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
