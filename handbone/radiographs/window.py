"""Grey values of more than 8 bits, spread over 0 to 255."""

import numpy as np

from handbone.errors import HandboneError

PERCENTILES = (0.001, 0.999)  # shares of the pixels, the ends of the percentile window
WINDOWS = ('file', 'minmax', 'percentile')

#: A name of :data:`WINDOWS`, or the darkest and the brightest grey value.
Window = str | tuple[float, float]


def check_window(window: Window) -> None:
    """Check that a window is one of the names or two rising numbers.

    Args:
        window: The window.

    Raises:
        HandboneError: If it is neither.
    """
    if isinstance(window, str):
        if window not in WINDOWS:
            raise HandboneError(
                f"window must be 'file', 'minmax', 'percentile' or (low, high), got {window!r}"
            )
        return
    try:
        low, high = map(float, window)
        valid = low < high and np.isfinite(high - low)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise HandboneError(f'window must be (low, high) with low < high, got {window!r}')


def window_ends(values: np.ndarray, window: Window) -> tuple[float, float]:
    """Find the grey values that become 0 and 255.

    Args:
        values: Grey values of any type and shape, without padding.
        window: As :func:`apply_window` takes it.

    Returns:
        The darkest and the brightest grey value of the window.
    """
    if not isinstance(window, str):
        low, high = window
    elif window != 'percentile':
        low, high = values.min(), values.max()
    elif values.dtype in (np.uint8, np.uint16):
        cumulative = np.bincount(values.ravel()).cumsum()
        low, high = np.searchsorted(cumulative, np.multiply(PERCENTILES, values.size))
    else:
        low, high = np.quantile(values, PERCENTILES)
    return float(low), float(high)


def apply_window(image: np.ndarray, window: Window) -> np.ndarray:
    """Spread the grey values of a window linearly over 0 to 255 and clip the others.

    >>> apply_window(np.array([[100, 200, 400]], np.uint16), (100, 300)).tolist()
    [[0.0, 127.5, 255.0]]

    Args:
        image: Grey values of any type and shape.
        window: 'minmax' takes the darkest and the brightest value, 'percentile' the 0.1 and 99.9
            percentiles, (low, high) are grey values; 'file' without a file's window is 'minmax'.

    Returns:
        Float32 array of the same shape.
    """
    low, high = window_ends(image, window)
    windowed = image.astype(np.float32)
    windowed -= low
    windowed *= 255 / max(high - low, 1e-6)
    return windowed.clip(0, 255, out=windowed)
