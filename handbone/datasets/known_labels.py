"""The labels of an image outside of the places where their classes are unknown."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from handbone.masks import IGNORE_BIT, class_mask

from .known_classes import Unknown
from .labels import Labels, labels_of


def known_map(
    labels: Labels, unknown: Unknown | None, height: int, width: int, num_classes: int
) -> np.ndarray:
    """Draw the labels of an image without those of classes where they are unknown.

    Args:
        labels: The labels.
        unknown: What is unknown in the image; None if nothing is.
        height: Rows of the image.
        width: Columns of the image.
        num_classes: Number of classes.

    Returns:
        Packed map, int32, (H, W) for up to 31 classes, else (H, W, P).
    """
    packed = labels.draw(height, width, num_classes)
    if unknown is not None and partly_unknown(labels, unknown):
        assert unknown.regions is not None
        packed &= ~unknown.regions.draw(height, width, num_classes) | np.int32(IGNORE_BIT)
    return packed


def present_classes(info: Mapping[str, Any]) -> list[int]:
    """List the classes that an image has outside of the places where they are unknown.

    Args:
        info: What a dataset says about the image.

    Returns:
        Class indices, rising; none without labels.
    """
    labels, unknown = labels_of(info), info.get('unknown')
    if labels is None:
        return []
    present = labels.present()
    both = [] if unknown is None else partly_unknown(labels, unknown)
    if not both:
        return present
    packed = known_map(labels, unknown, info['height'], info['width'], len(info['classes']))
    return [index for index in present if index not in both or class_mask(packed, index).any()]


def partly_unknown(labels: Labels, unknown: Unknown) -> list[int]:
    """List the classes that have labels, and places where they are unknown.

    Args:
        labels: The labels of an image.
        unknown: What is unknown in it.

    Returns:
        Class indices, rising.
    """
    if unknown.regions is None:
        return []
    return sorted({*labels.present()}.intersection(unknown.regions.present()))
