"""Masks of numbers: which of them belong to a class."""

import math

import numpy as np

from handbone.errors import HandboneError


def check_threshold(threshold: object) -> None:
    """Check the option of a reader of such masks.

    Args:
        threshold: A number, or None.

    Raises:
        HandboneError: It is something else.
    """
    number = type(threshold) in (int, float) and math.isfinite(float(str(threshold)))
    if threshold is not None and not number:
        raise HandboneError(f'threshold must be a number, got {threshold!r}')


def mask_of_values(values: np.ndarray, threshold: float | None) -> np.ndarray:
    """Find the pixels of a class.

    Args:
        values: (H, W), numbers or booleans.
        threshold: Pixels above it belong to the class. Without one, those that are not 0 do, and
            all of them must have the same value.

    Returns:
        (H, W) bool.

    Raises:
        HandboneError: A value is no number, or there are more than two values and no threshold.
            The text is a clause and a remedy without the file, which the caller knows.

    >>> mask_of_values(np.array([[0, 255]]), None), mask_of_values(np.array([[0.2, 0.7]]), 0.5)
    (array([[False,  True]]), array([[False,  True]]))
    """
    if values.dtype == bool:
        return values
    low, high = float(values.min()), float(values.max())
    if math.isnan(low):
        raise HandboneError('it has values that are no numbers (NaN). Write 0 in their place')
    if threshold is not None:
        return np.asarray(values > threshold)
    top = high if high > 0 else low
    mask = values != 0
    if (mask & (values != top)).any():
        half = f'{(low + high) / 2:g}'
        raise HandboneError(
            'it has more than two values, as at blurred edges or in a map of probabilities. Give a '
            f'threshold (--read threshold={half}), or save it with two values'
        )
    return np.asarray(mask)
