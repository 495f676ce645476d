"""Datasets whose annotations may tell about some of the classes only."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from .class_shares import ClassShares, class_shares
from .classes import complete_metainfo
from .known_classes import KnownClasses
from .known_labels import present_classes


class PartlyAnnotatedDataset(BaseDataset):
    """A dataset with the class list of the model, of whose classes some may be unknown.

    A class is unknown in the whole dataset, in the images of ``unknown_file``, in those whose JSON
    file lists it in ``attributes.unknown_classes``, or within the polygons of ``unknown_labels``.
    Losses, scores, class frequencies and thresholds leave it out there.

    Args:
        annotated_classes: Classes that the dataset annotates; the others of ``metainfo`` are
            unknown in all of its images. None for all.
        unknown_classes: Classes that it does not annotate, in place of ``annotated_classes``.
        unknown_labels: Class by label, of polygons that mark where the class is unknown.
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images.
        **kwargs: As for :class:`mmengine.dataset.BaseDataset`.

    Raises:
        DatasetError: The names do not fit the classes. The message names them and the remedy.

    >>> from mmseg.registry import DATASETS
    >>> dataset = DATASETS.build(  # doctest: +SKIP
    ...     dict(
    ...         type='MultilabelDataset',
    ...         metainfo=dict(classes=('left_lung', 'right_lung', 'heart')),
    ...         annotated_classes=('heart',),
    ...         data_root='data/hearts',
    ...         data_prefix=dict(img_path='images', ann_path='polygons'),
    ...     )
    ... )
    """

    def __init__(
        self,
        *,
        annotated_classes: Sequence[str] | None = None,
        unknown_classes: Sequence[str] = (),
        unknown_labels: Mapping[str, str] | None = None,
        unknown_file: str | Path = '',
        **kwargs: Any,
    ) -> None:
        self._known_settings = annotated_classes, unknown_classes, unknown_labels, unknown_file
        super().__init__(**kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        merged = super()._load_metainfo(metainfo)
        given = {key: merged[key] for key in metainfo or {}}
        return complete_metainfo(merged, cls.METAINFO, given)

    @cached_property
    def known_classes(self) -> KnownClasses:
        """Which classes the annotations tell about."""
        return KnownClasses(self._metainfo['classes'], *self._known_settings)

    def get_data_info(self, idx: int) -> dict:
        """Get the info of one image.

        Args:
            idx: Index of the image.

        Returns:
            A new dict, as described in the class.
        """
        return dict(super().get_data_info(idx), classes=self._metainfo['classes'])

    def get_cat_ids(self, idx: int) -> list[int]:
        """List the classes in one image, for mmengine's ClassBalancedDataset.

        Args:
            idx: Index of the image.

        Returns:
            Class indices, rising; without those whose labels are all where they are unknown.
        """
        return present_classes(self.get_data_info(idx))

    def class_shares(self) -> ClassShares:
        """Measure what each class covers, and in how much of the images it is known.

        Returns:
            Sums over the images of this dataset.

        Raises:
            DatasetError: There are no annotations.
        """
        infos = (self.get_data_info(idx) for idx in range(len(self)))
        return class_shares(infos, len(self._metainfo['classes']))

    def class_frequencies(self) -> np.ndarray:
        """Measure how much of the pixels each class covers.

        Returns:
            (C,) float64, the share of the pixels in which the class is known, 0 to 1; of polygons
            that overlap, both count.

        Raises:
            DatasetError: There are no annotations.
        """
        return self.class_shares().frequencies
