"""Labels and logits of several views of an image, put together."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.masks import joined_labels

from .logit_frame import spread_over_image


def join_views(
    samples: Sequence[SegDataSample], owners: Sequence[int], exclusive: bool = False
) -> list[SegDataSample]:
    """Give each image what its views show, such as both hands on one film.

    A pixel has the classes that it has in any of the views. Of kept logits it has the largest of
    each class, on one grid over the image, also where they were to be kept as they are. An image is
    as sure of a class as its less sure view.

    Args:
        samples: Of the views, with ``pred_sem_seg`` at the size of the image; ``seg_logits`` and
            ``logit_summary`` are joined if they are there.
        owners: Number of the image of each view, rising.
        exclusive: A pixel has the first of its classes only.

    Returns:
        The sample of the first view of each image, changed in place.
    """
    joined: dict[int, SegDataSample] = {}
    for owner, sample in zip(owners, samples, strict=True):
        first = joined.setdefault(owner, sample)
        if first is sample:
            continue
        maps = first.pred_sem_seg.data, sample.pred_sem_seg.data
        first.pred_sem_seg.data = joined_labels(maps, exclusive)
        if 'seg_logits' in first:
            _join_logits(first, sample)
        if 'logit_summary' in first.metainfo:
            summary = first.metainfo['logit_summary'].less_sure(sample.metainfo['logit_summary'])
            first.set_metainfo(dict(logit_summary=summary))
    return list(joined.values())


def _join_logits(first: SegDataSample, other: SegDataSample) -> None:
    maps = [_over_image(sample) for sample in (first, other)]
    height, width = max((each.shape[1:] for each in maps), key=lambda size: size[0] * size[1])
    one, two = (F.interpolate(each[None], (height, width), mode='bilinear')[0] for each in maps)
    first.seg_logits = PixelData(data=torch.maximum(one, two))
    if 'logit_matrix' in first.metainfo:
        first.set_metainfo(dict(logit_content=(height, width), logit_matrix=None))
    if 'logit_patches' in first.metainfo:
        patches = [*first.metainfo['logit_patches'], *other.metainfo['logit_patches']]
        first.set_metainfo(dict(logit_patches=patches))


def _over_image(sample: SegDataSample) -> Tensor:
    """Spread kept logits over the image, if they cover a part of it."""
    meta, logits = sample.metainfo, sample.seg_logits.data
    if meta.get('logit_matrix') is None:
        return logits
    size = meta['ori_shape'][0], meta['ori_shape'][1]
    return spread_over_image(logits, meta['logit_matrix'], size, meta['logit_content'])
