"""Sends rows to a table in the background, so that a table that is away stops nothing."""

import threading
from collections.abc import Callable, Mapping

from handbone.errors import HandboneError

from .keyed_table import Cell, KeyedTable

#: Seconds between two attempts to send what a table did not take.
PAUSE = 30.0


class RowSender:
    """Sends the newest version of each row; a row that is replaced before it was sent is not.

    Args:
        open_named: Opens a table by its name.
        warn: Gets a line when a table takes nothing, once until it does again, for all
            tables that have the same reason.
        pause: Seconds between attempts.
    """

    def __init__(
        self,
        open_named: Callable[[str], KeyedTable],
        warn: Callable[[str], None],
        pause: float = PAUSE,
    ) -> None:
        self._open, self._warn, self._pause = open_named, warn, pause
        self._tables: dict[str, KeyedTable] = {}
        self._rows: dict[tuple[str, Cell], Mapping[str, Cell]] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._warned: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def send(self, table: str, row: Mapping[str, Cell]) -> None:
        """Send a row soon.

        Args:
            table: Name of the table.
            row: Cells by column, with the key first.
        """
        with self._changed:
            self._rows[table, next(iter(row.values()))] = dict(row)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, seconds: float) -> bool:
        """Send what is left, for so long.

        Args:
            seconds: The longest to wait.

        Returns:
            Whether all rows are sent.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(seconds)
        return not self._rows

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._rows or self._closing):
                    self._changed.wait()
                pending = dict(self._rows)
            sent = all([self._send(*each) for each in pending.items()])
            with self._changed:
                if self._closing and (not sent or not self._rows):
                    return
                if not sent:
                    self._changed.wait(self._pause)

    def _send(self, place: tuple[str, Cell], row: Mapping[str, Cell]) -> bool:
        name, _ = place
        try:
            if name not in self._tables:
                self._tables[name] = self._open(name)
            self._tables[name].put([row])
        except (HandboneError, OSError) as error:
            self._say(name, str(error))
            return False
        except Exception as error:  # a client of a service has errors of its own
            self._say(name, f'{type(error).__name__}: {error}')
            return False
        with self._changed:
            if self._rows.get(place) == row:
                del self._rows[place]
            self._warned.pop(name, None)
        return True

    def _say(self, name: str, reason: str) -> None:
        told = reason in self._warned.values() or name in self._warned
        self._warned[name] = reason
        if not told:
            self._warn(reason)
