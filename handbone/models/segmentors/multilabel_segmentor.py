"""Segmentors that end in packed label maps at the size of the original image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import CascadeEncoderDecoder, EncoderDecoder
from mmseg.registry import MODELS, TASK_UTILS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.checkpoints.pretrained_fit import load_pretrained
from handbone.checkpoints.weight_source import is_weight_source
from handbone.errors import HandboneError
from handbone.masks import check_thresholds, logits_to_packed, placed_to_packed
from handbone.postprocessing import apply_steps

from .decision import Decision
from .joined_views import join_views
from .kept_logits import keep_logits, note_summary
from .logit_frame import grey_image, logit_content, logit_matrix, undo_flip, undo_swap
from .section_windows import are_sections, section_logits
from .shape_batches import predict_by_shape
from .sliding_window import SlidingWindow
from .viewing import Shown, Viewing


class PackedPrediction(Viewing, Decision):
    """Makes an mmseg segmentor multilabel: it turns logits into packed labels.

    Put it before a segmentor of mmseg in the list of base classes. ``test_cfg`` takes:

    - ``mode``: ``'whole'``, the default, or ``'slide'`` with ``crop_size`` and the other settings
      of :class:`SlidingWindow`.
    - ``decision``: ``'independent'``, the default, gives a pixel every class above its threshold.
      ``'exclusive'`` gives it at most one. With the head of mmseg that a plain config has, whose
      first channel is the background and whose other channels are the classes, it is the largest
      channel. A multilabel head has no background; there it is the class with the largest logit,
      where that is above the threshold.
    - ``threshold``: probability above which a class is present; one, or one per class; 0.5.
    - ``postprocess``: steps of :mod:`handbone.postprocessing` for the packed labels, each a dict
      with its ``type``. Default none.
    - ``keep_logits``: also store the low-resolution logits of the image without its padding as
      ``seg_logits``, resampled where the padding begins inside a logit pixel. Default ``False``.
      ``'uncut'`` stores the very logits that the labels were made of: the image fills
      only ``logit_content`` of them, (height, width) in the sample's meta information. Logits of
      a part of the image are spread over the whole of it, at their own resolution where that is
      not too fine; ``'uncut'`` stores them with ``logit_matrix``, their place, but spreads those
      of several parts; see :func:`join_views`.
    - ``summarise``: tell how sure the network is of each class, see :func:`note_summary`.

    Args:
        *args: As for the segmentor of mmseg.
        channels_last: Keep the weights of convolutions, and with them the feature maps, in
            channels-last order: faster in mixed precision on GPUs, and depthwise on CPUs.
        pretrained: Weights of the backbone, whatever it is: ``package:NAME``, ``file:PATH`` or a
            URL, see :mod:`handbone.checkpoints.weight_source`. They are loaded when a training
            starts. Other names go to the backbone, as in mmseg.
        **kwargs: As for the segmentor of mmseg.
    """

    pretrained: str | None = None

    def __init__(
        self,
        *args: Any,
        channels_last: bool = False,
        pretrained: str | None = None,
        **kwargs: Any,
    ) -> None:
        fitted = is_weight_source(pretrained)
        super().__init__(*args, pretrained=None if fitted else pretrained, **kwargs)
        self.pretrained = pretrained if fitted else None
        if channels_last:
            # before DDP wraps the model, whose gradient buckets take the weights' order
            self.to(memory_format=torch.channels_last)
        self.set_up_prediction()

    def init_weights(self) -> None:
        """Initialise the weights, those of the backbone from ``pretrained`` if it is set."""
        super().init_weights()
        if self.pretrained is not None:
            load_pretrained(self.backbone, self.pretrained)

    def set_up_prediction(self) -> None:
        """Complete and check ``test_cfg``.

        Raises:
            HandboneError: If the mode, a setting of it, a step or the thresholds do not fit.
        """
        self.test_cfg: dict = dict(self.test_cfg or {})
        mode = self.test_cfg.setdefault('mode', 'whole')
        if mode not in ('whole', 'slide'):
            raise HandboneError(f"test_cfg.mode is 'whole' or 'slide', got '{mode}'")
        self.set_up_decision()
        slides = mode == 'slide'
        self.sliding_window = SlidingWindow.from_settings(self.test_cfg) if slides else None
        threshold = self.test_cfg.setdefault('threshold', 0.5)
        check_thresholds(threshold, self.num_classes, 'test_cfg.threshold')
        self.check_exclusive_threshold(threshold)
        self.postprocess = [TASK_UTILS.build(step) for step in self.test_cfg.get('postprocess', ())]

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Predict a batch, in which images may have different sizes.

        Args:
            data: ``inputs`` and ``data_samples`` as the data loader gives them.

        Returns:
            The samples with predictions.
        """
        return predict_by_shape(super().test_step, data)

    def val_step(self, data: dict) -> list[SegDataSample]:
        """Predict a batch while validating; see :meth:`test_step`.

        Args:
            data: ``inputs`` and ``data_samples`` as the data loader gives them.

        Returns:
            The samples with predictions.
        """
        return predict_by_shape(super().val_step, data)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the head's logits of whole images, at once or window by window.

        Args:
            inputs: ``(N, 3, H, W)``, normalised.
            batch_img_metas: Meta information of each image.

        Returns:
            ``(N, C, h, w)`` at the head's resolution.
        """
        if self.sliding_window is None:
            return self.encode_decode(inputs, batch_img_metas)
        return self.sliding_window.logits(
            lambda windows: self.encode_decode(windows, batch_img_metas), inputs
        )

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
        if are_sections(data_samples):
            logits = section_logits(
                self, data_samples, lambda windows: self.encode_decode(windows, [])
            )
            return self.postprocess_result(logits, data_samples)
        shown = self.views(inputs, data_samples)
        of_views = self.inference(shown.images, [sample.metainfo for sample in shown.samples])
        return self.label_views(of_views, shown, inputs)

    def label_views(self, logits: Tensor, shown: Shown, inputs: Tensor) -> list[SegDataSample]:
        """Turn the logits of views into labels, and put those of each image together.

        Args:
            logits: ``(n, C, h, w)`` of the views.
            shown: The views.
            inputs: ``(N, channels, H, W)``, the images that the views were chosen from.

        Returns:
            The samples of the images.
        """
        images = inputs[shown.owners] if len(shown.owners) > len(inputs) else inputs
        labelled = self.postprocess_result(logits, shown.samples, images)
        return join_views(labelled, shown.owners, self.exclusive)

    def postprocess_result(
        self,
        seg_logits: Tensor | Sequence[Tensor],
        data_samples: list[SegDataSample],
        inputs: Tensor | None = None,
    ) -> list[SegDataSample]:
        """Turn logits into packed labels at the original size of each image.

        Args:
            seg_logits: ``(N, C, h, w)``, or ``(C, h, w)`` of each image, covering the padded images
                at any resolution.
            data_samples: Samples with meta information.
            inputs: ``(N, channels, H, W)``, normalised, for postprocessing that looks at the image.

        Returns:
            The samples with ``pred_sem_seg`` set.
        """
        images = [None] * len(seg_logits) if inputs is None else inputs
        for logits, sample, image in zip(seg_logits, data_samples, images, strict=True):
            meta = sample.metainfo
            content = logit_content(logits, meta)
            matrix = logit_matrix(logits, meta)
            logits = undo_swap(logits, meta)
            packed = self.decide_on(logits, content, matrix, sample, image)
            sample.pred_sem_seg = PixelData(data=self.apply_postprocessing(packed, image, meta))
            self.keep_logits(logits, content, matrix, sample)
            note_summary(self, logits, content, sample)
        return data_samples

    def decide_on(
        self,
        logits: Tensor,
        content: tuple[float, float],
        matrix: np.ndarray | None,
        sample: SegDataSample,
        image: Tensor | None,
    ) -> Tensor:
        """Turn the logits of one image into packed labels.

        Args:
            logits: ``(C, h, w)``.
            content: Height and width of the part of the logits that shows the image.
            matrix: As :func:`logit_matrix` gives it.
            sample: The sample with the meta information.
            image: ``(channels, H, W)``, as the data preprocessor gives it; may be None.

        Returns:
            ``(P, H, W)`` int32, at the size of the original image.
        """
        size, threshold = tuple(sample.metainfo['ori_shape'][:2]), self.test_cfg['threshold']
        if matrix is None:
            packed = logits_to_packed(logits, size, threshold, content, self.exclusive)
            return undo_flip(packed, sample.metainfo)
        return placed_to_packed(logits, matrix, size, threshold, content, self.exclusive)

    def keep_logits(
        self,
        logits: Tensor,
        content: tuple[float, float],
        matrix: np.ndarray | None,
        sample: SegDataSample,
    ) -> None:
        """Store logits in a sample, if ``test_cfg.keep_logits`` says so.

        Args:
            logits: As for :meth:`decide_on`.
            content: As for :meth:`decide_on`.
            matrix: As for :meth:`decide_on`.
            sample: The sample, changed in place.
        """
        keep_logits(self.test_cfg.get('keep_logits', False), logits, content, matrix, sample)

    def apply_postprocessing(self, packed: Tensor, image: Tensor | None, meta: dict) -> Tensor:
        """Apply the steps of ``test_cfg.postprocess``.

        Args:
            packed: ``(P, H, W)`` int32, at the size of the original image.
            image: ``(channels, h, w)``, the network's input; may be None where no step needs it.
            meta: Meta information of the image.

        Returns:
            Packed labels of the same shape, on the same device.
        """
        grey = None
        if image is not None and any(step.needs_image for step in self.postprocess):
            grey = grey_image(image, meta, (packed.shape[1], packed.shape[2]))
        return apply_steps(packed, self.postprocess, self.num_classes, grey, self.exclusive)


@MODELS.register_module()
class MultilabelEncoderDecoder(PackedPrediction, EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with packed multilabel predictions.

    Example:
        In a config::

            model = dict(
                type='MultilabelEncoderDecoder', backbone=backbone, decode_head=head,
                test_cfg=dict(mode='slide', crop_size=(512, 512), threshold=0.5))
    """


@MODELS.register_module()
class MultilabelCascadeEncoderDecoder(PackedPrediction, CascadeEncoderDecoder):
    """mmseg's ``CascadeEncoderDecoder`` with packed multilabel predictions.

    Example:
        In a config::

            first = dict(type='MultilabelFCNHead', in_channels=2048, channels=512, num_classes=29)
            second = dict(
                type='MultilabelOCRHead', in_channels=2048, channels=512, ocr_channels=256,
                num_classes=29)
            model = dict(
                type='MultilabelCascadeEncoderDecoder', num_stages=2, backbone=backbone,
                decode_head=[first, second])
    """
