"""The last step of a pipeline: tensors and data samples."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from handbone.errors import HandboneError
from handbone.masks import join_unknown, planes_first

META_KEYS = (
    'img_path',
    'image_name',
    'patient',
    'ori_shape',
    'img_shape',
    'pad_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'swap_classes',
    'frame_matrix',
    'section_reduce',
)


@TRANSFORMS.register_module()
class PackMultilabelInputs(BaseTransform):
    """Convert an image and its packed label map to the inputs of the model.

    Image: becomes a contiguous (channels, H, W) tensor of the same dtype, uint8 or float32; a grey
    image is repeated over the channels. Labels: become a contiguous (P, H, W) int32 tensor with the
    planes first and the same bits. Where something is unknown, the P planes of unknown bits follow,
    (2P, H, W), and ``unknown_planes`` of the meta information is P.

    Required keys: ``img``. Optional keys: ``gt_seg_map``, ``gt_unknown_map`` and those of
    ``meta_keys``.

    Args:
        channels: Channels for a grey image, 3 for pretrained backbones, or 1. A colour image keeps
            its 3 channels.
        meta_keys: Keys to keep as meta information if they are present.

    >>> packed = PackMultilabelInputs()(dict(img=np.zeros((48, 64), np.uint8)))
    >>> packed['inputs'].shape
    torch.Size([3, 48, 64])
    """

    def __init__(self, channels: int = 3, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.channels = channels
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one image.

        Args:
            results: The dict of one image.

        Returns:
            ``inputs``, the image tensor, and ``data_samples``, a SegDataSample with
            ``gt_sem_seg.data`` if there are labels.
        """
        sample = SegDataSample(
            metainfo={key: results[key] for key in self.meta_keys if key in results}
        )
        if 'gt_seg_map' in results:
            labels = planes_first(results['gt_seg_map'])
            if 'gt_unknown_map' in results:
                sample.set_metainfo(dict(unknown_planes=len(labels)))
                labels = join_unknown(labels, self._unknown(results, labels))
            sample.gt_sem_seg = PixelData(data=labels)
        return dict(inputs=self._image_tensor(results['img']), data_samples=sample)

    @staticmethod
    def _unknown(results: dict, labels: torch.Tensor) -> torch.Tensor:
        unknown = planes_first(results['gt_unknown_map'])
        # mmcv's Pad knows no other map than the labels; it adds background below and to the right
        below, right = (labels.shape[axis] - unknown.shape[axis] for axis in (1, 2))
        if min(below, right) < 0 or len(unknown) != len(labels):
            raise HandboneError(
                f'gt_unknown_map has the shape {tuple(unknown.shape)} and gt_seg_map '
                f'{tuple(labels.shape)}: a transform of the pipeline changed only one of them. Use '
                'transforms that go through seg_fields; in Albu set '
                "additional_targets=dict(gt_unknown_map='mask')"
            )
        if below or right:
            return F.pad(unknown, (0, right, 0, below))
        return unknown

    def _image_tensor(self, image: np.ndarray) -> torch.Tensor:
        if image.ndim == 3:
            return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        repeated = np.empty((self.channels, *image.shape), image.dtype)
        repeated[:] = image
        return torch.from_numpy(repeated)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f'{name}(channels={self.channels}, meta_keys={self.meta_keys})'
