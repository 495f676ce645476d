"""How alike folds are: the share of each value in each fold, and how far it is off."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .image_attributes import ImageAttributes

#: What is always compared beside the attributes.
IMAGES, CLASSES, AREAS = 'images', 'classes', 'areas'


class Balance(NamedTuple):
    """A value of an attribute in the folds.

    Attributes:
        attribute: The attribute: one of the table or the labels, ``images``, ``classes``,
            or ``areas``.
        value: Its value, or the class.
        whole: Share of all images that have it; mean share of the pixels for areas; images per fold
            for ``images``. Images in which a class is unknown are left out.
        shares: The same in each fold.
        off: How far each fold is off: difference of the shares, or, for areas and images,
            relative to the whole.
    """

    attribute: str
    value: str
    whole: float
    shares: tuple[float, ...]
    off: tuple[float, ...]

    @property
    def largest(self) -> float:
        """The largest deviation of any fold, 0 for folds that are alike."""
        return max(map(abs, self.off))


def balance(attributes: ImageAttributes, folds: Sequence[int], num_folds: int) -> list[Balance]:
    """Compare folds with all images.

    Args:
        attributes: Of the N images.
        folds: The fold of each image.
        num_folds: Number of folds, none of which is empty.

    Returns:
        One entry for each value of each attribute.
    """
    of_image = np.asarray(folds)
    members = [of_image == fold for fold in range(num_folds)]
    counts = [float(each.sum()) for each in members]
    mean = len(of_image) / num_folds
    off = tuple(count / mean - 1 for count in counts)
    found = [Balance(IMAGES, IMAGES, mean, tuple(counts), off)]
    for name, value, column, known, relative in _columns(attributes):
        whole = _mean(column, known)
        shares = tuple(_mean(column, known & each) for each in members)
        unit = whole if relative and whole else 1.0
        off = tuple((share - whole) / unit for share in shares)
        found.append(Balance(name, value, whole, shares, off))
    return found


def largest_by_attribute(found: Sequence[Balance]) -> dict[str, Balance]:
    """Find for each attribute the value that is furthest off.

    Args:
        found: Entries of :func:`balance`.

    Returns:
        Entries by attribute, in their order.
    """
    furthest: dict[str, Balance] = {}
    for each in found:
        if each.attribute not in furthest or each.largest > furthest[each.attribute].largest:
            furthest[each.attribute] = each
    return furthest


def _mean(column: np.ndarray, members: np.ndarray) -> float:
    """Average over the members; 0 where there are none, as in a fold that never has a class."""
    return float(column[members].mean()) if members.any() else 0.0


def _columns(
    attributes: ImageAttributes,
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, bool]]:
    """List attribute, value, number of each image, its being known, and whether it is relative."""
    everywhere = np.ones(len(attributes.patients), bool)
    for name, values in attributes.values.items():
        for value in sorted(set(values)):
            yield name, value, np.array(values) == value, everywhere, False
    for index, name in enumerate(attributes.classes):
        yield CLASSES, name, attributes.presence[:, index], attributes.known[:, index], False
    for index, name in enumerate(attributes.classes):
        yield AREAS, name, attributes.areas[:, index], attributes.known[:, index], True
