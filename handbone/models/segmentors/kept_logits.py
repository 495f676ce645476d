"""What a sample keeps of its logits for tools that come after the prediction."""

from typing import Any, Literal

import numpy as np
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.evaluation.logit_summary import summarise_logits

from .logit_frame import cut_padding, spread_over_image, undo_flip


def keep_logits(
    keep: bool | Literal['uncut'],
    logits: Tensor,
    content: tuple[float, float],
    matrix: np.ndarray | None,
    sample: SegDataSample,
) -> None:
    """Store logits as ``seg_logits`` of a sample.

    Args:
        keep: ``test_cfg.keep_logits``, as :class:`PackedPrediction` describes it.
        logits: ``(C, h, w)``.
        content: Height and width of the part of the logits that shows the image.
        matrix: From pixels of the original image to logits; None where it was only resized.
        sample: The sample, changed in place.
    """
    if keep == 'uncut':
        sample.seg_logits = PixelData(data=logits)
        sample.set_metainfo(dict(logit_content=content, logit_matrix=matrix))
    elif keep and matrix is not None:
        size = tuple(sample.metainfo['ori_shape'][:2])
        sample.seg_logits = PixelData(data=spread_over_image(logits, matrix, size, content))
    elif keep:
        kept = undo_flip(cut_padding(logits, content), sample.metainfo)
        sample.seg_logits = PixelData(data=kept)


def note_summary(
    segmentor: Any, logits: Tensor, content: tuple[float, float], sample: SegDataSample
) -> None:
    """Put ``logit_summary`` into the meta information of a sample.

    Args:
        segmentor: The segmentor. Without ``test_cfg.summarise``, a dict that may have
            ``temperatures``, nothing is done.
        logits: ``(C, h, w)``.
        content: Height and width that the image fills of them.
        sample: The sample. ``view_agreement``, which augmented views leave, goes into the summary.
    """
    settings = segmentor.test_cfg
    if settings.get('summarise') is None:
        return
    height, width = (max(1, round(side)) for side in content)
    summary = summarise_logits(
        logits[:, :height, :width],
        settings['threshold'],
        settings['summarise'].get('temperatures'),
        segmentor.exclusive,
    )
    agreement = sample.metainfo.get('view_agreement')
    if agreement is not None:
        summary = summary.with_agreement(agreement)
    sample.set_metainfo(dict(logit_summary=summary))
