"""Predicts all images with the models, in the background, what is looked at first."""

import contextlib
import threading
from collections.abc import Callable, Sequence

import numpy as np

from handbone.errors import HandboneError

from .gallery import Gallery
from .model_layer import ModelLayer


class Predicting:
    """Predicts image by image.

    Args:
        gallery: The images.
        layers: The models.
        renewed: Is told the number of each image that all models have answered.

    Attributes:
        layers: The models.
        done: bool (N,), which images all models have answered.
    """

    def __init__(
        self, gallery: Gallery, layers: Sequence[ModelLayer], renewed: Callable[[int], None]
    ) -> None:
        self.layers = list(layers)
        self.done = np.full(len(gallery), not layers)
        self._gallery, self._renewed = gallery, renewed
        self._wanted = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._predict_all, daemon=True)

    def start(self) -> None:
        """Begin to predict."""
        if self.layers:
            for layer in self.layers:
                layer.start()
            self._thread.start()

    def want(self, index: int) -> None:
        """Predict an image next, and then those behind it.

        Args:
            index: Number of the image.
        """
        self._wanted = index

    def stop(self) -> None:
        """End now, whatever is being predicted."""
        self._end.set()
        for layer in self.layers:
            layer.close()
        if self._thread.is_alive():
            self._thread.join()

    def _predict_all(self) -> None:
        while not self._end.is_set():
            missing = np.flatnonzero(~self.done)
            if not len(missing):
                return
            # the first one from the image that is looked at on, or else from the beginning
            place = np.searchsorted(missing, self._wanted) % len(missing)
            self._predict(int(missing[place]))

    def _predict(self, index: int) -> None:
        path = None
        # the page says itself why an image cannot be read
        with contextlib.suppress(HandboneError):
            path = self._gallery.read(index)[0].path
        for layer in self.layers:
            if layer.pending(index):
                layer.predict(index, path)
        if not self._end.is_set():
            self.done[index] = True
            self._renewed(index)
