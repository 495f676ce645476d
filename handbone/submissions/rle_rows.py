"""Rows of a CSV of run-length encoded masks: ``image_name,class,rle``."""

from collections.abc import Sequence

import numpy as np

from handbone.csv_files import csv_bytes
from handbone.masks.rle import Order, encode, runs_to_string

COLUMNS = ('image_name', 'class', 'rle')
#: First line of the file.
HEADER = csv_bytes([COLUMNS])


def rle_rows(name: str, classes: Sequence[str], packed: np.ndarray, order: Order = 'C') -> bytes:
    """Write the masks of one image, one row per class in class order.

    Args:
        name: Name of the image.
        classes: Class names in bit order.
        packed: Packed map, (H, W) or (H, W, P).
        order: 'C' runs along rows, 'F' along columns.

    Returns:
        The rows in UTF-8; an empty mask has an empty ``rle``. A name that is not valid UTF-8 is
        written in the bytes of its file.

    Raises:
        HandboneError: If the map does not fit the number of classes, or the order is unknown.
    """
    return run_rows(name, classes, encode(packed, len(classes), order))


def run_rows(name: str, classes: Sequence[str], runs: Sequence[np.ndarray]) -> bytes:
    """Write the masks of one image that are given as runs.

    Args:
        name: Name of the image.
        classes: Class names.
        runs: Runs of each class, (n, 2) of [start, length], starts counted from 0.

    Returns:
        The rows, as :func:`rle_rows` writes them.
    """
    return csv_bytes(
        (name, class_name, runs_to_string(of_class))
        for class_name, of_class in zip(classes, runs, strict=True)
    )
