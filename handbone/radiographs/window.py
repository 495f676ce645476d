"""Grey values of more than 8 bits, spread over 0 to 255."""

import numpy as np

from handbone.errors import HandboneError

SHARES = (0.001, 0.999)  # of the pixels, the ends of the percentile window
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
                f"window is 'file', 'minmax', 'percentile' or (low, high), got {window!r}"
            )
    elif not window[0] < window[1]:
        raise HandboneError(f'window is (low, high) with low < high, got {window!r}')


def apply_window(image: np.ndarray, window: Window) -> np.ndarray:
    """Spread the grey values of a window linearly over 0 to 255 and clip the others.

    Args:
        image: Grey values of any type and shape.
        window: 'minmax' takes the darkest and the brightest value, 'percentile' the 0.1 and 99.9
            percentiles, (low, high) are grey values; 'file' without a file's window is 'minmax'.

    Returns:
        Float32 array of the same shape.
    """
    if window in ('minmax', 'file'):
        low, high = float(image.min()), float(image.max())
    elif window == 'percentile' and image.dtype.kind == 'u':
        cumulative = np.bincount(image.ravel()).cumsum()
        low, high = np.searchsorted(cumulative, np.multiply(SHARES, image.size))
    elif window == 'percentile':
        low, high = np.quantile(image, SHARES)
    else:
        low, high = window
    windowed = image.astype(np.float32)
    windowed -= low
    windowed *= 255 / max(float(high - low), 1e-6)
    return windowed.clip(0, 255, out=windowed)
