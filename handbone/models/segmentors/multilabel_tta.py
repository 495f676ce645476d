"""Test-time augmentation of multilabel segmentors."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.errors import HandboneError
from handbone.evaluation.logit_summary import Agreement
from handbone.masks import logits_to_packed

from .logit_frame import content_size, cut_padding, logit_matrix, undo_flip, undo_swap
from .running_mean import RunningMean, check_merge
from .section_windows import are_sections, section_logits
from .shape_batches import predict_by_shape
from .view import View


@MODELS.register_module()
class MultilabelTTAModel(BaseTTAModel):
    """Averages the predictions of several views of each image at the head's resolution.

    The views of ``views`` are made from the batch on the device, one at a time, and the head's
    output for each is added to a running sum, so neither the data loader's workers nor the device
    hold more than one view. Views that the data pipeline makes (mmcv's ``TestTimeAug``, for
    anything that a transform can do) work as well; they are predicted one at a time, but the
    pipeline delivers them together. With both, every view of the pipeline is predicted in every
    view of ``views``.

    Views of other scales are brought to the resolution of the first one before averaging.

    Args:
        module: The segmentor, config or built.
        views: Arguments of :class:`View`, one dict per view; the image as it is by default.
        merge: What is averaged, ``'probabilities'`` or ``'logits'``.
        data_preprocessor: Data preprocessor of a segmentor whose config has none. The runner gives
            that of the top level, which a segmentor with its own has not been trained with.

    Raises:
        HandboneError: If there are no views, or one of them is not valid.

    Example:
        In a config::

            tta_model = dict(
                type='MultilabelTTAModel',
                views=[dict(), dict(flip='horizontal'), dict(scale=1.25)])
    """

    def __init__(
        self,
        module: dict,
        views: Sequence[dict] = ({},),
        merge: str = 'probabilities',
        data_preprocessor: dict | None = None,
    ) -> None:
        own = module.get('data_preprocessor') if isinstance(module, Mapping) else None
        super().__init__(module, own or data_preprocessor)
        check_merge(merge)
        self.merge = merge
        self.views = [make_view(settings) for settings in views]
        if not self.views:
            raise HandboneError('test-time augmentation needs at least one view')
        self._said = False

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Predict a batch.

        Args:
            data: ``inputs`` and ``data_samples`` of a batch; or, with ``TestTimeAug``, lists of
                these, one per view.

        Returns:
            One sample per image, with ``pred_sem_seg``: ``(P, H, W)`` int32.
        """
        return predict_by_shape(self._predict, data)

    def _predict(self, data: dict) -> list[SegDataSample]:
        if not isinstance(data['inputs'][0], (list, tuple)):
            batch = self.module.data_preprocessor(data, False)
            if are_sections(batch['data_samples']):
                return self._predict_sections(batch['data_samples'])
            shown = self.module.views(batch['inputs'], batch['data_samples'])
            logits = self.mean_logits(shown.images, shown.samples)
            return self.module.label_views(logits, shown, batch['inputs'])
        return self._merge_pipeline_views(data)

    def _predict_sections(self, data_samples: list[SegDataSample]) -> list[SegDataSample]:
        """Average over the views of each window of sections that are read from their files."""
        if self._agreement() is not None and not self._said:
            self._said = True
            print_log(
                'How far views agree is not told of sections, whose windows are predicted one '
                'after the other. This is said once.',
                logger='current',
                level=logging.WARNING,
            )
        logits = section_logits(
            self.module, data_samples, lambda windows: self._mean_of_views(windows, [])
        )
        return self.module.postprocess_result(logits, data_samples)

    def mean_logits(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Tensor:
        """Average over the views that are made on the device.

        Args:
            inputs: ``(N, channels, H, W)``, normalised: what the segmentor sees of the images.
            data_samples: Samples with the images' meta information.

        Returns:
            ``(N, C, h, w)``, covering the inputs.
        """
        agreement = self._agreement()
        metas = [sample.metainfo for sample in data_samples]
        logits = self._mean_of_views(inputs, metas, agreement)
        if agreement is not None:
            for sample, of_image in zip(data_samples, agreement.of_classes(), strict=True):
                sample.set_metainfo(dict(view_agreement=of_image))
        return logits

    def _mean_of_views(
        self, inputs: Tensor, metas: list[dict], agreement: Agreement | None = None
    ) -> Tensor:
        mean = self._running_mean()
        frame = (inputs.shape[2], inputs.shape[3])
        size: tuple[int, int] | None = None
        for view in self.views:
            shown = view.show(inputs, self._black(inputs), self._divisor())
            logits, seen = view.undo(self.module.inference(shown, metas).float(), frame, size)
            size = (logits.shape[2], logits.shape[3])
            mean.add(logits, seen)
            if agreement is not None:
                agreement.add(logits, seen)
        return mean.logits()

    def _merge_pipeline_views(self, data: dict) -> list[SegDataSample]:
        if getattr(self.module, 'looks_again', False):
            raise HandboneError(
                'views of the pipeline cannot be combined with a second look at the image; make '
                "the views on the device, as tta_views = [dict(), dict(flip='horizontal')] does"
            )
        means = [self._running_mean() for _ in data['inputs'][0]]
        sizes: list[tuple[int, int] | None] = [None] * len(means)
        first: dict = {}
        for inputs, data_samples in zip(data['inputs'], data['data_samples'], strict=True):
            raw = dict(inputs=list(inputs), data_samples=list(data_samples))
            batch = self.module.data_preprocessor(raw, False)
            first = first or batch
            shown = self.module.views(**batch)
            for index, logits in enumerate(self.mean_logits(shown.images, shown.samples)):
                logits = _straighten(logits, batch['data_samples'][index].metainfo)
                if sizes[index] not in (None, tuple(logits.shape[1:])):
                    logits = F.interpolate(logits[None], sizes[index], mode='bilinear')[0]
                sizes[index] = (logits.shape[1], logits.shape[2])
                means[index].add(logits)
        return self._finish([mean.logits() for mean in means], **first)

    def _finish(
        self, straight: list[Tensor], inputs: Tensor, data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Make the labels from logits that cover their images without padding."""
        for logits, image, sample in zip(straight, inputs, data_samples, strict=True):
            size = tuple(sample.metainfo['ori_shape'][:2])
            threshold, exclusive = self.module.test_cfg['threshold'], self.module.exclusive
            packed = logits_to_packed(logits, size, threshold, exclusive=exclusive)
            packed = self.module.apply_postprocessing(packed, image, sample.metainfo)
            sample.pred_sem_seg = PixelData(data=packed)
            if self.module.test_cfg.get('keep_logits', False):
                sample.seg_logits = PixelData(data=logits)
        return data_samples

    def _agreement(self) -> Agreement | None:
        """Start to count in how many views a pixel has a class, if a summary is asked for."""
        settings = self.module.test_cfg
        if settings.get('summarise') is None:
            return None
        return Agreement(settings['threshold'], self.module.exclusive)

    def _running_mean(self) -> RunningMean:
        return RunningMean(self.merge, self.module.has_background)

    def _black(self, inputs: Tensor) -> Tensor | float:
        """Black as the data preprocessor normalises it; training fills corners with it too."""
        preprocessor = self.module.view_preprocessor
        if not getattr(preprocessor, '_enable_normalize', False):
            return 0.0
        return (-preprocessor.mean / preprocessor.std).to(inputs)

    def _divisor(self) -> int:
        preprocessor = self.module.view_preprocessor
        settings = getattr(preprocessor, 'test_cfg', None) or {}
        return settings.get('size_divisor') or getattr(preprocessor, 'size_divisor', None) or 32

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Not used: views are added one after the other and not kept.

        Args:
            data_samples_list: Not used.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError('MultilabelTTAModel merges in test_step')


def make_view(settings: Mapping[str, Any]) -> View:
    """Make a view from what a config or an ensemble says of it.

    Args:
        settings: Arguments of :class:`View`.

    Returns:
        The view.

    Raises:
        HandboneError: If there is no such argument, or it is out of its range.
    """
    try:
        return View(**settings)
    except TypeError as error:
        raise HandboneError(
            f'{dict(settings)} is not a valid view; a view has flip, angle, scale and swap_classes'
        ) from error


def _straighten(logits: Tensor, meta: dict) -> Tensor:
    """Undo what the pipeline did to a view."""
    if logit_matrix(logits, meta) is not None:
        raise HandboneError(
            'views of the pipeline cannot be combined with an affine transform of it; make the '
            "views on the device, as tta_views = [dict(), dict(flip='horizontal')] does"
        )
    return undo_flip(cut_padding(undo_swap(logits, meta), content_size(logits, meta)), meta)
