"""Closer views of parts of an image, and how much they count near their borders."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Patch(NamedTuple):
    """Logits of a closer view of a part of an image.

    Attributes:
        logits: (C, h, w), of the same classes as those of the whole image.
        matrix: (2, 3) float64, from x, y of the image's pixel centres to those of the logits.
        classes: The classes that the view decides.
        edge: Width, in logits, of the soft edge of the view, from 0. There the logits of the view
            go over into those of the image.
    """

    logits: Tensor
    matrix: np.ndarray
    classes: tuple[int, ...]
    edge: float


def edge_weights(x: Tensor, y: Tensor, size: Sequence[int], edge: float) -> Tensor:
    """Weight pixels by their distance from the border of a view.

    Args:
        x: Places in the view, from pixel centre to pixel centre.
        y: The same, of a shape that goes with it.
        size: Height and width of the view.
        edge: Width of the soft edge in pixels of the view, from 0.

    Returns:
        0 at the border and outside of it, 1 from ``edge`` on inside.
    """
    across, down = weights_along(x, size[1], edge), weights_along(y, size[0], edge)
    return torch.minimum(across, down)


def weights_along(places: Tensor, length: int, edge: float) -> Tensor:
    """Weight pixels by their distance from the two ends of one axis of a view.

    Args:
        places: Places along the axis.
        length: Length of the view.
        edge: As for :func:`edge_weights`.

    Returns:
        As for :func:`edge_weights`.
    """
    distance = torch.minimum(places + 0.5, length - 0.5 - places)
    return (distance / max(edge, 1e-6)).clamp(0, 1)
