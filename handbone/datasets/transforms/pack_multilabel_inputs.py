"""The last step of a pipeline: tensors and data samples."""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from handbone.masks import planes_first

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
)


@TRANSFORMS.register_module()
class PackMultilabelInputs(BaseTransform):
    """Convert an image and its packed label map to the inputs of the model.

    Image: becomes a contiguous (channels, H, W) tensor of the same dtype, uint8 or float32; a grey
    image is repeated over the channels. Labels: become a contiguous (P, H, W) int32 tensor with the
    planes first and the same bits.

    Required keys: ``img``. Optional keys: ``gt_seg_map`` and those of ``meta_keys``.

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
            sample.gt_sem_seg = PixelData(data=planes_first(results['gt_seg_map']))
        return dict(inputs=self._image_tensor(results['img']), data_samples=sample)

    def _image_tensor(self, image: np.ndarray) -> torch.Tensor:
        if image.ndim == 3:
            return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        repeated = np.empty((self.channels, *image.shape), image.dtype)
        repeated[:] = image
        return torch.from_numpy(repeated)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f'{name}(channels={self.channels}, meta_keys={self.meta_keys})'
