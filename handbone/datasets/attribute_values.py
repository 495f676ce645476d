"""Values that images have: the side, whether the wrist is bent, and bands of numbers."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from handbone.bones import FOREARM
from handbone.metadata.patient_table import is_number

from .formats.traced_polygons import traced_polygons
from .labels import Labels
from .polygons import Polygons, pack_polygons
from .wrist_bend import BENT, wrist_bend

#: Value of what is not known.
UNKNOWN = 'unknown'
#: A column of numbers with more different ones than this is divided into bands.
MOST_NUMBERS = 6
#: Number of bands, of about as many patients each.
BANDS = 4
#: Outlines that are traced for the bend are simplified by at least so many pixels.
SHORTEST_TOLERANCE = 1.3


def side_of(name: str) -> str:
    """Read the side from the end of an image name.

    >>> side_of('image1661130828152_R.png'), side_of('0012-left.png'), side_of('a.png')
    ('R', 'L', 'unknown')
    """
    found = re.search(r'(?:^|[_\-. ])(L|R|left|right)$', PurePosixPath(name).stem, re.IGNORECASE)
    return found[1][0].upper() if found else UNKNOWN


def banded(name: str, values: Sequence[str]) -> list[str]:
    """Divide numbers into bands of about as many images; other values stay as they are.

    >>> banded('height', ['150', '160', '', '170', '171', '172', '173', '174', '175'])[:4]
    ['to 167.5', 'to 167.5', 'unknown', 'to 171.5']
    """
    known = [value for value in values if value]
    numbers = {float(value) for value in known if is_number(value)}
    if len(numbers) <= MOST_NUMBERS or not all(map(is_number, known)):
        return [value or UNKNOWN for value in values]
    given = np.array([float(value) for value in known])
    limits = np.unique(np.quantile(given, np.arange(1, BANDS) / BANDS))
    texts = [f'to {limit:g}' for limit in limits] + [f'over {limits[-1]:g}']
    return [
        texts[int(np.searchsorted(limits, float(value)))] if value else UNKNOWN for value in values
    ]


def bend_degrees(labels: Labels, size: tuple[int, int], classes: Sequence[str]) -> float:
    """Measure how far the wrist of an image is bent.

    Args:
        labels: Labels of the image.
        size: Its height and width in pixels.
        classes: Class names in order.

    Returns:
        Degrees as of :func:`wrist_bend`; NaN if one of the bones is not there.
    """
    if not {*FOREARM} <= set(classes):
        return float('nan')
    if not isinstance(labels, Polygons):
        # without tolerance, the edges of pixels would have four directions only
        tolerance = max(SHORTEST_TOLERANCE, max(size) / 800)
        traced = traced_polygons(labels.draw(*size, len(classes)), len(classes), tolerance)
        outlines = list(traced)
        labels = pack_polygons([index for index, _ in outlines], [points for _, points in outlines])
    return wrist_bend(labels, classes)


def bend_word(degrees: float) -> str:
    """Say whether a wrist is bent.

    >>> bend_word(20.0), bend_word(-3.0), bend_word(float('nan'))
    ('bent', 'upright', 'unknown')
    """
    if np.isnan(degrees):
        return UNKNOWN
    return 'bent' if abs(degrees) > BENT else 'upright'
