"""What is usual among the values of a class: robust deviations from a median."""

import numpy as np


def deviations(values: np.ndarray, least_spread: float) -> np.ndarray:
    """Measure how far values lie from the median of their column, in robust deviations.

    Args:
        values: (N, C), NaN for what is not known.
        least_spread: Smallest standard deviation that is taken for real.

    Returns:
        (N, C), NaN for what is not known.

    >>> deviations(np.array([[1.0], [2.0], [3.0], [30.0]]), 0.1).round(1).ravel().tolist()
    [-1.0, -0.3, 0.3, 18.5]
    """
    known = np.ma.masked_invalid(values)
    median = np.ma.median(known, axis=0)
    spread = 1.4826 * np.ma.median(abs(known - median), axis=0)
    result: np.ndarray = ((known - median) / np.maximum(spread, least_spread)).filled(np.nan)
    return result
