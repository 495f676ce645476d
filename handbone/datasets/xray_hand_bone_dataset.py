"""Hand radiographs with their 29 bones."""

from collections.abc import Mapping
from typing import Any

from mmseg.registry import DATASETS

from handbone.bones import CLASSES, GROUPS, PALETTE

from .multilabel_dataset import MultilabelDataset

DATA_PREFIX = {'img_path': 'train/DCM', 'ann_path': 'train/outputs_json'}


@DATASETS.register_module()
class XRayHandBoneDataset(MultilabelDataset):
    """The hand-bone layout: ``train/DCM/<ID>/*.png`` and ``train/outputs_json/<ID>/*.json``.

    Other structures in the same layout need only ``metainfo=dict(classes=(...))``.

    Args:
        data_prefix: Folders of images and of JSON files under ``data_root``.
        **kwargs: As for :class:`MultilabelDataset`.
    """

    METAINFO = dict(classes=CLASSES, palette=PALETTE, groups=GROUPS)

    def __init__(
        self,
        data_prefix: Mapping = DATA_PREFIX,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_prefix=data_prefix, **kwargs)
