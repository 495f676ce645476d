"""Segmentors that end in packed label maps at the size of the original image."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.segmentors import CascadeEncoderDecoder, EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.masks import logits_to_packed


class PackedPrediction:
    """What makes an mmseg segmentor multilabel: it goes from logits to packed labels.

    Placed before a segmentor of mmseg. ``test_cfg`` takes, beside ``mode='whole'``:

    - ``threshold``: probability above which a class is present; one number, or one a class.
      Default 0.5.
    - ``keep_logits``: also store the low-resolution logits of the image without its padding as
      ``seg_logits``. Default ``False``.

    Args:
        *args: As for the segmentor of mmseg.
        channels_last: Keep the weights of convolutions, and with them the feature maps, in
            channels-last order, the faster one for convolutions in mixed precision on GPUs.
        **kwargs: As for the segmentor of mmseg.
    """

    def __init__(self, *args: Any, channels_last: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channels_last:
            # before DDP wraps the model, whose gradient buckets take the weights' order
            self.to(memory_format=torch.channels_last)
        self.set_up_prediction()

    def set_up_prediction(self) -> None:
        """Complete and check ``test_cfg``.

        Raises:
            ValueError: If it asks for another mode than ``whole``, or the thresholds do not fit.
        """
        self.test_cfg = dict(self.test_cfg or {})
        mode = self.test_cfg.setdefault('mode', 'whole')
        if mode != 'whole':
            raise ValueError(
                f"test_cfg.mode='{mode}' would build full-size logits of every class; "
                "use mode='whole'"
            )
        check_thresholds(self.test_cfg.setdefault('threshold', 0.5), self.num_classes)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the head's logits of whole images.

        Args:
            inputs: ``(N, 3, H, W)``, normalised.
            batch_img_metas: Meta information of each image.

        Returns:
            ``(N, C, h, w)`` at the head's resolution.
        """
        return self.encode_decode(inputs, batch_img_metas)

    def predict(
        self, inputs: Tensor, data_samples: list[SegDataSample] | None = None
    ) -> list[SegDataSample]:
        """Predict packed labels.

        Args:
            inputs: ``(N, 3, H, W)``, normalised.
            data_samples: Samples with the images' meta information. Without them the result has
                the size of ``inputs``.

        Returns:
            The samples, each with ``pred_sem_seg``: ``(P, H, W)`` int32 at the original size.
        """
        if data_samples is None:
            size = tuple(inputs.shape[2:])
            metainfo = dict(ori_shape=size, img_shape=size, pad_shape=size)
            data_samples = [SegDataSample(metainfo=metainfo) for _ in inputs]
        seg_logits = self.inference(inputs, [sample.metainfo for sample in data_samples])
        return self.postprocess_result(seg_logits, data_samples)

    def postprocess_result(
        self, seg_logits: Tensor, data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Turn logits into packed labels at the original size of each image.

        Args:
            seg_logits: ``(N, C, h, w)``, covering the padded images at any resolution.
            data_samples: Samples with meta information.

        Returns:
            The samples with ``pred_sem_seg`` set.
        """
        for logits, sample in zip(seg_logits, data_samples, strict=True):
            meta = sample.metainfo
            content = content_size(logits, meta)
            logits = undo_swap(logits, meta)
            packed = logits_to_packed(
                logits, tuple(meta['ori_shape'][:2]), self.test_cfg['threshold'], content
            )
            sample.pred_sem_seg = PixelData(data=undo_flip(packed, meta))
            if self.test_cfg.get('keep_logits', False):
                kept = undo_flip(cut_padding(logits, content), meta)
                sample.seg_logits = PixelData(data=kept)
        return data_samples


def check_thresholds(thresholds: float | Sequence[float], num_classes: int) -> None:
    """Check that thresholds are probabilities and as many as there are classes.

    Args:
        thresholds: One probability, or one a class.
        num_classes: Number of classes.

    Raises:
        ValueError: If not.
    """
    values = [thresholds] if isinstance(thresholds, (int, float)) else list(thresholds)
    if len(values) not in (1, num_classes):
        raise ValueError(
            f'test_cfg.threshold lists {len(values)} values for {num_classes} classes; '
            'give one number, or one a class in class order'
        )
    for index, value in enumerate(values):
        if not 0 < value < 1:
            raise ValueError(
                f'test_cfg.threshold[{index}] is {value}; '
                'thresholds are probabilities between 0 and 1'
            )


def content_size(logits: Tensor, meta: dict) -> tuple[float, float]:
    """Find which part of the logits shows the image and not its padding.

    Args:
        logits: ``(C, h, w)`` over the padded image.
        meta: Meta information with ``img_padding_size`` or ``padding_size`` as (left, right, top,
            bottom) and the padded size as ``pad_shape``; without padding, ``img_shape``.

    Returns:
        Height and width in logit pixels, not necessarily whole.

    Raises:
        ValueError: If the padding is on the left or at the top.
    """
    padding = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
    left, right, top, bottom = padding
    if left or top:
        raise ValueError(
            f'{meta.get("img_path", "image")} is padded by {left} pixels on the left and {top} at '
            'the top; pad at the right and the bottom only'
        )
    padded_height, padded_width = (meta.get('pad_shape') or meta['img_shape'])[:2]
    height, width = logits.shape[1:]
    return (
        height * (padded_height - bottom) / padded_height,
        width * (padded_width - right) / padded_width,
    )


def cut_padding(logits: Tensor, content: tuple[float, float]) -> Tensor:
    """Cut the padding off logits.

    Where the content ends inside a logit pixel, the logits are resampled, so that their borders
    become those of the image and views flipped in different directions fit on each other.

    Args:
        logits: ``(C, h, w)`` over the padded image.
        content: Height and width of the content in logit pixels.

    Returns:
        ``(C, h', w')``, the content rounded to whole pixels.
    """
    logits = logits[:, : math.ceil(content[0]), : math.ceil(content[1])]
    height, width = (max(1, round(side)) for side in content)
    if (height, width) != content:
        factors = (height / content[0], width / content[1])
        logits = F.interpolate(logits[None], scale_factor=factors, mode='bilinear')[0]
    return logits[:, :height, :width]


def undo_swap(logits: Tensor, meta: dict) -> Tensor:
    """Give classes with a right and a left side back what a mirrored image took for the other.

    Args:
        logits: ``(C, h, w)``.
        meta: Meta information with the pairs of class indices ``swap_classes`` that
            ``MultilabelRandomFlip`` swapped in the labels, or without.

    Returns:
        Logits of the same shape.
    """
    order = list(range(len(logits)))
    for first, second in meta.get('swap_classes', ()):
        order[first], order[second] = second, first
    return logits[order] if 'swap_classes' in meta else logits


def undo_flip(image: Tensor, meta: dict) -> Tensor:
    """Turn a map of a flipped image back.

    Args:
        image: ``(..., H, W)``.
        meta: Meta information with ``flip`` and ``flip_direction``, or without.

    Returns:
        A tensor of the same shape.
    """
    if not meta.get('flip', False):
        return image
    axes = {'horizontal': (-1,), 'vertical': (-2,), 'diagonal': (-2, -1)}
    return torch.flip(image, axes[meta['flip_direction']])


@MODELS.register_module()
class MultilabelEncoderDecoder(PackedPrediction, EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with packed multilabel predictions."""


@MODELS.register_module()
class MultilabelCascadeEncoderDecoder(PackedPrediction, CascadeEncoderDecoder):
    """mmseg's ``CascadeEncoderDecoder`` with packed multilabel predictions."""
