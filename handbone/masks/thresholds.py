"""Thresholds on probabilities: the one check of them."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from handbone.errors import HandboneError, counted, shown
from handbone.structure import one_line


def check_thresholds(
    thresholds: Any, classes: int | Sequence[str], place: str
) -> tuple[float, ...]:
    """Check that thresholds are probabilities, one for all classes or one per class.

    Args:
        thresholds: A number, or a sequence or array of numbers in class order.
        classes: Number of classes, or their names, which messages then use.
        place: Where the thresholds stand, for messages: a file or a setting.

    Returns:
        Probability above which a class is present, one per class.

    Raises:
        HandboneError: If there are too few or too many, or one is not between 0 and 1.
    """
    count = classes if isinstance(classes, int) else len(classes)
    if hasattr(thresholds, 'tolist'):  # arrays and tensors
        thresholds = thresholds.tolist()
    if isinstance(thresholds, (str, bytes, dict)) or not hasattr(thresholds, '__iter__'):
        _check(thresholds, place)
        return (float(thresholds),) * count
    values = list(thresholds)
    if len(values) != count:
        raise HandboneError(
            f'{place} lists {counted(len(values), "threshold")} for {counted(count, "class")}; '
            'give one number, or one per class in class order'
        )
    for index, value in enumerate(values):
        named = f'[{index}]' if isinstance(classes, int) else f': the threshold of {classes[index]}'
        _check(value, f'{place}{named}')
    return tuple(map(float, values))


def logit_thresholds(thresholds: float | Sequence[float], num_classes: int) -> list[float]:
    """Convert thresholds on probabilities to thresholds on logits.

    Args:
        thresholds: Probabilities, one for all classes or one per class.
        num_classes: Number of classes.

    Returns:
        ``log(t / (1 - t))``, one per class.

    Raises:
        HandboneError: As for :func:`check_thresholds`.
    """
    probabilities = np.array(check_thresholds(thresholds, num_classes, 'thresholds'))
    return np.log(probabilities / (1 - probabilities)).tolist()


def _check(value: Any, place: str) -> None:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < value < 1:
        raise HandboneError(
            f'{place} is {one_line(shown(value))}; thresholds are probabilities between 0 and 1'
        )
