"""Rows of a CSV of run-length encoded masks: ``image_name,class,rle``."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from handbone.masks.rle import Order, encode, runs_to_string

HEADER = b'image_name,class,rle\n'


def rle_rows(name: str, classes: Sequence[str], packed: np.ndarray, order: Order = 'C') -> bytes:
    """Write the masks of one image, one row a class in class order.

    Args:
        name: Name of the image.
        classes: Class names in bit order.
        packed: Packed map, (H, W) or (H, W, P).
        order: 'C' runs along rows, 'F' along columns.

    Returns:
        The rows, in UTF-8, a name in the bytes of its file; an empty mask has an empty ``rle``.

    Raises:
        HandboneError: If the map does not fit the number of classes, or the order is unknown.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(
        (name, class_name, runs_to_string(runs))
        for class_name, runs in zip(classes, encode(packed, len(classes), order), strict=True)
    )
    return text.getvalue().encode(errors='surrogateescape')
