"""The order in which a reader should look at predictions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError


class ReviewEntry(NamedTuple):
    """An image in the queue.

    Attributes:
        image: Its name.
        dice: Mean predicted Dice of its classes.
        worst_class: The class with the lowest one.
        worst_dice: Its predicted Dice.
    """

    image: str
    dice: float
    worst_class: str
    worst_dice: float

    @property
    def text(self) -> str:
        """Say what is expected of the image."""
        return f'predicted Dice {self.dice:.3f}, worst {self.worst_class} {self.worst_dice:.3f}'


def review_queue(
    images: Sequence[str], classes: Sequence[str], dice: np.ndarray
) -> list[ReviewEntry]:
    """Sort images by their predicted Dice, the lowest first.

    Args:
        images: Names.
        classes: Names in class order.
        dice: Predicted Dice, float64 (N, C).

    Returns:
        The queue; equal images stay in their order.

    Raises:
        HandboneError: If an image has no predicted Dice.
    """
    if np.isnan(dice).any():
        raise HandboneError(
            'there are masks without a predicted Dice: predict with --quality, and a model of '
            '`handbone learn-quality`'
        )
    means, worst = dice.mean(axis=1), dice.argmin(axis=1)
    return [
        ReviewEntry(
            images[row],
            float(means[row]),
            classes[worst[row]],
            float(dice[row, worst[row]]),
        )
        for row in np.argsort(means, kind='stable')
    ]
