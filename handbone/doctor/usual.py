"""What is usual among the values of a class: medians, and robust deviations from them."""

import numpy as np


def medians(values: np.ndarray) -> np.ndarray:
    """Find the median of each column.

    Args:
        values: (N, C), NaN for what is not known.

    Returns:
        (C,), NaN for a column of which nothing is known.

    >>> medians(np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan]])).tolist()
    [1.5, nan]
    """
    found: np.ndarray = np.ma.median(np.ma.masked_invalid(values), axis=0).filled(np.nan)
    return found


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
    off = values - medians(values)
    return off / np.maximum(1.4826 * medians(np.abs(off)), least_spread)
