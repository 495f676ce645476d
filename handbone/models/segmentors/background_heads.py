"""Heads of mmseg that give each pixel one class, the background among them."""

import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample
from torch import nn

from handbone.errors import HandboneError, counted
from handbone.masks import index_map, overlapping, split_unknown, undecided

from ..heads.multilabel_output import MultilabelOutput
from ..losses import PackedLoss


def find_background_heads(segmentor: nn.Module) -> dict[str, BaseDecodeHead]:
    """Find the heads whose first channel is the background.

    Args:
        segmentor: A segmentor of mmseg, with ``decode_head`` and ``auxiliary_head``, or any other.

    Returns:
        Heads by name whose losses read one class number per pixel, not packed labels.
    """
    found = {}
    for part in ('decode_head', 'auxiliary_head'):
        heads: Any = getattr(segmentor, part, None)
        several = isinstance(heads, nn.ModuleList)
        for index, head in enumerate(heads if several else [heads]):
            if isinstance(head, BaseDecodeHead) and not _reads_packed_labels(head):
                found[f'{part}[{index}]' if several else part] = head
    return found


def check_background_heads(
    segmentor: nn.Module, heads: dict[str, BaseDecodeHead], exclusive: bool
) -> None:
    """Check that heads with a channel for the background fit the rest of a segmentor.

    Args:
        segmentor: The segmentor.
        heads: What :func:`find_background_heads` found, at least one.
        exclusive: Whether a pixel is to have at most one class.

    Raises:
        HandboneError: If they do not.
    """
    if not exclusive:
        name, head = next(iter(heads.items()))
        kind = type(head).__name__
        raise HandboneError(
            f'{name} is {kind}, whose loss gives each pixel one class: set '
            f"test_cfg.decision='exclusive' where no classes overlap, or take Multilabel{kind}"
        )
    for other in segmentor.modules():
        if isinstance(other, MultilabelOutput) and other.output_convolutions():
            raise HandboneError(
                f'{", ".join(heads)} has a channel for the background and {type(other).__name__} '
                'has none: take heads of one kind'
            )
    for name, head in heads.items():
        if head.num_classes < 2 or head.out_channels != head.num_classes:
            raise HandboneError(
                f'{name} has num_classes={head.num_classes} and out_channels={head.out_channels}: '
                'a head of mmseg needs a channel for the background and one per class; set '
                'num_classes to one more than there are classes, and no out_channels'
            )


class IndexMaps:
    """Makes the labels that these heads take, and says once if classes overlap.

    Args:
        num_classes: Number of classes, without the background.
        ignore_index: Number of the pixels to ignore.
    """

    def __init__(self, num_classes: int, ignore_index: int) -> None:
        self._num_classes = num_classes
        self._ignore_index = ignore_index
        self._said = False

    def __call__(self, data_samples: list[SegDataSample]) -> list[SegDataSample]:
        """Replace packed labels by class numbers.

        Args:
            data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32, or
                ``(2P, H, W)`` where classes are unknown.

        Returns:
            New samples with ``gt_sem_seg.data`` of shape ``(1, H, W)``, int64: 0 for background,
            class c as ``c + 1``. A pixel without a known class is ignored if one is unknown.
        """
        made = []
        for sample in data_samples:
            packed, unknown = split_unknown(sample.gt_sem_seg.data[None], self._num_classes)
            # looking waits for a GPU, so it ends with the first find
            count = 0 if self._said else int(overlapping(packed).sum())
            if count:
                self._said = True
                _say(sample, count)
            numbers = index_map(packed, self._ignore_index)
            if unknown is not None:
                numbers.masked_fill_(undecided(packed, unknown), self._ignore_index)
            new = sample.new()
            new.gt_sem_seg = PixelData(data=numbers)
            made.append(new)
        return made


def _say(sample: SegDataSample, count: int) -> None:
    print_log(
        f'{sample.metainfo.get("img_path", "an image")}: '
        f'{counted(count, "pixel belongs", "pixels belong")} to several classes, of which each '
        'can keep only one: the first in the class list. For COCO, '
        "reader_options=dict(overlaps='smaller') chooses by annotation. This is said once.",
        logger='current',
        level=logging.WARNING,
    )


def _reads_packed_labels(head: nn.Module) -> bool:
    if isinstance(head, MultilabelOutput):  # the one of K-Net has no losses itself
        return True
    losses: Any = head.loss_decode
    every = losses if isinstance(losses, nn.ModuleList) else [losses]
    return any(isinstance(loss, PackedLoss) for loss in every)
