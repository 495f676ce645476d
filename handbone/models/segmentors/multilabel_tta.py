"""Test-time augmentation of multilabel segmentors."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import logits_to_packed


@MODELS.register_module()
class MultilabelTTAModel(BaseTTAModel):
    """Averages the probabilities of several views of an image at the head's resolution.

    Views of other scales are brought to the resolution of the first one before averaging.

    Args:
        module: The segmentor, config or built. Its ``test_cfg`` is set to keep the logits.
        data_preprocessor: Data preprocessor, the segmentor's by default.
    """

    def __init__(self, module: dict, data_preprocessor: dict | None = None) -> None:
        super().__init__(module, data_preprocessor)
        self.module.test_cfg['keep_logits'] = True

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Merge the predictions of all views of each image.

        Args:
            data_samples_list: For each image the samples of its views, with ``seg_logits``.

        Returns:
            One sample an image, with ``pred_sem_seg``: ``(P, H, W)`` int32.
        """
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: list[SegDataSample]) -> SegDataSample:
        first = views[0]
        mean = torch.zeros_like(first.seg_logits.data, dtype=torch.float32)
        for view in views:
            logits = view.seg_logits.data.float()
            if logits.shape != mean.shape:
                logits = F.interpolate(
                    logits[None], mean.shape[1:], mode='bilinear', align_corners=False
                )[0]
            mean += logits.sigmoid() / len(views)
        packed = logits_to_packed(
            torch.logit(mean, eps=1e-6),
            tuple(first.metainfo['ori_shape'][:2]),
            self.module.test_cfg['threshold'],
        )
        first.pred_sem_seg = PixelData(data=packed)
        del first.seg_logits
        return first
