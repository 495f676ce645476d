"""Which share of the pixels of a dataset each class covers."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from handbone.masks import class_mask

from .errors import DatasetError
from .known_labels import known_map, partly_unknown
from .labels import labels_of


class ClassShares(NamedTuple):
    """Shares of the images, summed up over the images of a dataset.

    Attributes:
        present: What each class covers, float64 (C,).
        known: Where it is known whether the class is there, float64 (C,): the number of images if
            nothing is unknown.
    """

    present: np.ndarray
    known: np.ndarray

    @property
    def frequencies(self) -> np.ndarray:
        """Share of the known pixels that each class covers, (C,); 0 where nothing is known."""
        return np.where(self.known > 0, self.present / np.maximum(self.known, 1e-12), 0)


def class_shares(infos: Iterable[Mapping[str, Any]], num_classes: int) -> ClassShares:
    """Sum up :meth:`handbone.datasets.labels.Labels.class_shares` over images.

    Args:
        infos: What a dataset says about its images.
        num_classes: Number of classes C.

    Returns:
        The sums.

    Raises:
        DatasetError: An image has no annotations.
    """
    present, known = np.zeros((2, num_classes))
    for info in infos:
        if labels_of(info) is None:
            raise DatasetError.at(
                info['img_path'],
                'class frequencies need annotations and this image has none',
                'Ask the training dataset for them',
            )
        shares = shares_of_image(info, num_classes)
        present += shares.present
        known += shares.known
    return ClassShares(present, known)


def shares_of_image(info: Mapping[str, Any], num_classes: int) -> ClassShares:
    """Measure which share of an image each class covers, and in which it is known.

    Args:
        info: What a dataset says about an image that has labels.
        num_classes: Number of classes C.

    Returns:
        The shares of this image; labels of a class where it is unknown do not count.
    """
    labels, unknown = labels_of(info), info.get('unknown')
    assert labels is not None
    size = info['height'], info['width']
    present = labels.class_shares(*size, num_classes)
    if unknown is None:
        return ClassShares(present, np.ones(num_classes))
    if both := partly_unknown(labels, unknown):
        drawn = known_map(labels, unknown, *size, num_classes)
        present[both] = [class_mask(drawn, index).mean() for index in both]
    return ClassShares(present, unknown.known_shares(*size, num_classes))
