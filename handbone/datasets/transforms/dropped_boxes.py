"""Boxes of an image that are hidden, and what becomes of their labels."""

from collections.abc import Iterable

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import IGNORE_BIT

#: What the labels of a hidden box become.
LABELS = ('keep', 'ignore', 'background')

Box = tuple[int, int, int, int]


def check_labels(labels: str) -> str:
    """Check the argument ``labels`` of a transform.

    Args:
        labels: ``'keep'``: as they are, so that the network guesses what is hidden; ``'ignore'``:
            the pixels do not count; ``'background'``: no class is there.

    Returns:
        The argument.

    Raises:
        HandboneError: If it is none of these.
    """
    if labels not in LABELS:
        raise HandboneError(f'labels is one of {", ".join(LABELS)}, got {labels!r}')
    return labels


def drop_boxes(results: dict, boxes: Iterable[Box], fill: float, labels: str) -> None:
    """Hide boxes of a sample, in place.

    Args:
        results: The dict of one image.
        boxes: Left, top, right and bottom of each in pixels, the last two exclusive.
        fill: Grey value of what is hidden.
        labels: As for :func:`check_labels`. Classes of ignored pixels stay as they are.
    """
    image = results['img']
    fields = results.get('seg_fields', [])
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = fill
        if labels == 'ignore' and 'gt_seg_map' in fields:
            results['gt_seg_map'][top:bottom, left:right] |= np.int32(IGNORE_BIT)
        elif labels == 'background':
            for key in fields:  # the map of unknown classes too: there are none
                results[key][top:bottom, left:right] = 0
