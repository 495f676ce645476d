"""What every model does at inference, whatever runs it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Predictor(Protocol):
    """Goes from grey values to packed labels.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one a class.
        thresholds: Probability above which a class is present, one a class.
        model_hash: SHA-256 of the weights, in hexadecimal digits: the same for the same answers.
    """

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    thresholds: tuple[float, ...]
    model_hash: str

    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict packed labels.

        Args:
            images: Grey values (H, W) of any sizes, as in :class:`handbone.radiographs.Radiograph`.

        Returns:
            Packed maps, int32, (H, W), or (H, W, P) for more than 31 classes, each at the size of
            its image.
        """
        ...
