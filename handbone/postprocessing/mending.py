"""Steps applied to the labels of a network, which are tensors."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from handbone.masks import planes_first, planes_last

from .step import PostprocessingStep


def mend(
    packed: Tensor,
    steps: Sequence[PostprocessingStep],
    num_classes: int,
    grey: np.ndarray | None = None,
) -> Tensor:
    """Apply steps one after the other.

    Args:
        packed: ``(P, H, W)`` int32.
        steps: The steps.
        num_classes: Number of classes.
        grey: Grey values, ``(H, W)`` uint8; needed where a step looks at the image.

    Returns:
        Packed labels of the same shape, on the same device.

    Raises:
        HandboneError: If a step needs the image and there is none.
    """
    if not steps:
        return packed
    labels = np.ascontiguousarray(planes_last(packed))
    for step in steps:
        labels = step(labels, num_classes, grey)
    return planes_first(labels).to(packed.device)
