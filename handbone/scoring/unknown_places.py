"""What reference masks do not know, taken out of masks that are scored against them."""

from collections.abc import Sequence

import numpy as np

from handbone.datasets.known_classes import Unknown
from handbone.masks import encode
from handbone.masks.run_union import subtract_runs
from handbone.masks.unknown import classes_known

Size = tuple[int, int]


def known_classes(unknown: Unknown | None, size: Size | None, num_classes: int) -> np.ndarray:
    """Tell which classes are known anywhere in an image.

    Args:
        unknown: What is unknown in it; None for nothing.
        size: Its height and width; needed where places are unknown.
        num_classes: Number of classes C.

    Returns:
        Bool (C,).
    """
    known = np.ones(num_classes, bool)
    if unknown is None:
        return known
    if unknown.regions is not None and size is not None:
        known = classes_known(unknown.regions.draw(*size, num_classes), num_classes)
    known[list(unknown.classes)] = False
    return known


def known_runs(
    runs: Sequence[np.ndarray], unknown: Unknown | None, size: Size | None
) -> list[np.ndarray]:
    """Take the pixels of each class out of the places in which it is unknown.

    Args:
        runs: (n, 2) of [start, length] of every class, row by row.
        unknown: What is unknown in the image; None for nothing.
        size: Its height and width; needed where places are unknown.

    Returns:
        The runs that are left.
    """
    if unknown is None or unknown.regions is None or size is None:
        return list(runs)
    places = encode(unknown.regions.draw(*size, len(runs)), len(runs))
    return [subtract_runs(each, place) for each, place in zip(runs, places, strict=True)]
