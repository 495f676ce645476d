"""What an image in memory must be before any network sees it."""

from typing import Any

import numpy as np

from handbone.errors import HandboneError

#: Times the shorter side; resizing a longer image would shrink its shorter side to nothing.
MAX_ASPECT_RATIO = 100
BRIGHTEST = 255
ROUNDING = 0.01  # how far outside 0 to 255 interpolation or float16 may take a grey value
EXPECTED = 'images must be grey values (H, W), uint8, or float from 0 to 255'


def check_grey_values(image: Any, place: str = 'the image') -> np.ndarray:
    """Check an image that does not come from a file, whatever its source.

    >>> check_grey_values(np.zeros((64, 48), np.uint8)).shape
    (64, 48)

    Args:
        image: An array, or what NumPy takes for one, such as a Pillow image or a tensor on the CPU.
        place: Which image it is, for messages.

    Returns:
        Grey values (H, W), uint8 or float32 from 0 to 255; the array itself where it is one.

    Raises:
        HandboneError: If its shape, its type or its values are not those of a grey image.
    """
    try:
        grey = np.asarray(image)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refused(place, f'{type(image).__name__} is not an array', 'Convert it') from error
    if grey.ndim != 2:
        raise _refused(
            place,
            f'the array has the shape {grey.shape}',
            'Convert colours to grey first and give images one by one or in a list',
        )
    problem = size_problem(*grey.shape)
    if problem:
        raise _refused(place, problem, 'Leave it out')
    if grey.dtype == np.uint8:
        return grey
    if grey.dtype.kind != 'f':
        raise _refused(
            place,
            f'the array is of type {grey.dtype}',
            "Spread its grey values with handbone.radiographs.apply_window(image, 'percentile')",
        )
    return check_floats(grey, place)


def size_problem(height: int, width: int) -> str | None:
    """Say why no network can take an image of a size.

    Args:
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        What is wrong, as a clause without a full stop, or ``None``.
    """
    if min(height, width) < 1:
        return f'the image is empty ({height} x {width} pixels)'
    if max(height, width) > MAX_ASPECT_RATIO * min(height, width):
        return f'the image is a strip of {height} x {width} pixels'
    return None


def check_floats(values: np.ndarray, place: str, expected: str = EXPECTED) -> np.ndarray:
    """Check that float values are those of an image.

    Args:
        values: Grey values or colours, float, not empty.
        place: Which image it is, for messages.
        expected: What images must be, for messages.

    Returns:
        Float32 from 0 to 255, of the same shape.

    Raises:
        HandboneError: If values are not finite, are above 255 or below 0, or none is above 1.
    """
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        problem = 'the array has values that are NaN or infinite'
        raise _refused(place, problem, 'Replace them', expected)
    problem = f'its values lie between {low:g} and {high:g}'
    if low < -ROUNDING or high > BRIGHTEST + ROUNDING:
        remedy = "Spread them with handbone.radiographs.apply_window(image, 'percentile')"
        raise _refused(place, problem, remedy, expected)
    if 0 < high <= 1:
        raise _refused(place, problem, 'Multiply by 255', expected)
    values = values.astype(np.float32, copy=False)
    return values.clip(0, BRIGHTEST) if low < 0 or high > BRIGHTEST else values


def _refused(place: str, problem: str, remedy: str, expected: str = EXPECTED) -> HandboneError:
    return HandboneError(f'{place}: {problem}, but {expected}. {remedy}.')
