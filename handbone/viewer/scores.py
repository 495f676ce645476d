"""Dice of every image, computed in the background while nobody asks for anything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue

import numpy as np

from handbone.errors import HandboneError

from .catalogue import Catalogue, Shown

#: Seconds for which the scoring waits for an answer in progress before it looks again.
PATIENCE = 0.05


class ScoreBoard:
    """Dice of all images, layers and classes, as far as it is known.

    Args:
        catalogue: The images and their layers.

    Attributes:
        dice: float32 (L, N, C), NaN where it is unknown or not yet computed; layer 0, which the
            others are scored against, has none.
        present: bool (N, C), which classes the first layer has.
        done: bool (N,), which images were scored in all layers.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        shape = (len(catalogue.layers), len(catalogue.gallery), len(catalogue.classes))
        self.dice = np.full(shape, np.nan, np.float32)
        self.present = np.zeros(shape[1:], bool)
        self.done = np.zeros(shape[1], bool)
        self._end = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._answers = 0
        self._lock = threading.Lock()
        self._renewed: SimpleQueue[int | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._score_all, daemon=True)

    def start(self) -> None:
        """Begin to score, image by image."""
        if self._catalogue.layers:
            self._thread.start()

    def stop(self) -> None:
        """End after the image at hand."""
        self._end.set()
        self._renewed.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def renew(self, index: int) -> None:
        """Score an image again, in its turn, because there are masks that were not there before.

        Args:
            index: Its number.
        """
        self._renewed.put(index)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the scoring wait while somebody waits for an answer."""
        with self._lock:
            self._answers += 1
            self._idle.clear()
        try:
            yield
        finally:
            with self._lock:
                self._answers -= 1
                if not self._answers:
                    self._idle.set()

    def add(self, index: int, shown: Shown) -> None:
        """Score one image.

        Args:
            index: Its number.
            shown: The image with its masks.
        """
        for layer, values in enumerate(self._catalogue.scores(shown)):
            if values is not None:
                self.dice[layer, index] = values
        first = shown.runs[0]
        if first is not None:
            self.present[index] = [len(runs) > 0 for runs in first]

    def _score_all(self) -> None:
        for index in self._in_turn():
            while not self._idle.wait(PATIENCE):
                if self._end.is_set():
                    return
            if self._end.is_set():
                return
            if not self.done[index]:
                complete = not self._catalogue.pending(index)
                # where it cannot be read, the page says why when the image is opened
                with suppress(HandboneError):
                    self.add(index, self._catalogue.look_at(index))
                self.done[index] = complete

    def _in_turn(self) -> Iterator[int]:
        """List all images, and then those that are renewed, as long as some are not complete."""
        yield from range(len(self.done))
        while not self.done.all():
            index = self._renewed.get()
            if index is None:
                return
            yield index
