"""Bilinear interpolation of a map along its rows and then along its columns.

Where a map is scaled and shifted, but not turned, a pixel's row in it depends on the pixel's row
alone and its column on the column alone. Interpolating along one axis after the other then takes a
fraction of the time of places in two dimensions.
"""

from typing import Any, NamedTuple

import numpy as np


class Axis(NamedTuple):
    """Where the output pixels of one axis lie between the values of a map, one entry per pixel.

    Attributes:
        lower: Index of the value before the pixel, rising.
        upper: Index of the value after it.
        lower_weight: Weight of the value before, in the type of the values.
        upper_weight: Weight of the value after.
    """

    # NumPy arrays on the CPU, tensors elsewhere
    lower: Any
    upper: Any
    lower_weight: Any
    upper_weight: Any

    def part(self, pixels: slice) -> 'Axis':
        """Choose some of the output pixels.

        Args:
            pixels: Which ones.

        Returns:
            Their places.
        """
        return Axis(*(values[pixels] for values in self))


def axis_at(places: np.ndarray, length: int, dtype: type) -> Axis:
    """Find the values around places along an axis.

    Args:
        places: Rising, in units of the map, 0 at its first value; those outside take the value at
            the border.
        length: Values of the map along the axis.
        dtype: Type of the values.

    Returns:
        Indices and weights.
    """
    source: np.ndarray = np.maximum(places, 0).astype(dtype)
    lower = np.minimum(source.astype(np.int64), length - 1)
    upper = np.minimum(lower + 1, length - 1)
    upper_weight = np.clip(source - lower.astype(dtype), 0, 1)
    return Axis(lower, upper, 1 - upper_weight, upper_weight)


def along_axes(values: np.ndarray, down: Axis, across: Axis) -> np.ndarray:
    """Interpolate a map at the pixels of a box.

    Args:
        values: (h, w).
        down: Places of the rows, at least one.
        across: Places of the columns.

    Returns:
        (rows, columns), in the type of the weights.
    """
    first, last = down.lower[0], down.upper[-1]
    low = values[first : last + 1]
    wide = low[:, across.lower] * across.lower_weight
    wide += low[:, across.upper] * across.upper_weight
    full = wide[down.lower - first] * down.lower_weight[:, None]
    full += wide[down.upper - first] * down.upper_weight[:, None]
    return full
