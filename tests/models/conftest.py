"""A segmentor whose logits are easily computed, and a look at the tensors that are made."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.utils._python_dispatch import TorchDispatchMode

import handbone.models  # noqa: F401


@MODELS.register_module()
class PoolingBackbone(BaseModule):
    """Block means of the image: logits become linear in the pixels of a block."""

    def forward(self, images):
        return (F.avg_pool2d(images, 4),)


class LargestTensor(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation made."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for made in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(made, torch.Tensor):
                self.elements = max(self.elements, made.numel())
        return result


@pytest.fixture(autouse=True)
def mmseg_scope():
    init_default_scope('mmseg')


@pytest.fixture
def largest_tensor():
    return LargestTensor()


@pytest.fixture
def build_segmentor():
    """Make a segmentor of random 1 x 1 weights on block means."""

    def build(num_classes=5, size_divisor=32, head=None, **settings):
        torch.manual_seed(0)
        decode_head = dict(
            type='MultilabelFCNHead',
            in_channels=3,
            in_index=0,
            channels=3,
            num_convs=0,
            concat_input=False,
            dropout_ratio=0,
            num_classes=num_classes,
        )
        config = dict(
            type='MultilabelEncoderDecoder',
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                mean=[127.5] * 3,
                std=[64.0] * 3,
                seg_pad_val=0,
                size_divisor=size_divisor,
                test_cfg=dict(size_divisor=size_divisor),
            ),
            backbone=dict(type='PoolingBackbone'),
            decode_head=decode_head | (head or {}),
        )
        model = MODELS.build(config | settings).eval()
        for weight in model.decode_head.parameters():
            torch.nn.init.normal_(weight, std=2.0)
        return model

    return build


@pytest.fixture
def make_sample():
    """What a test pipeline gives for a random image, smooth, so that masks are large."""

    def make(height, width, original=None, seed=0, **metainfo):
        generator = torch.Generator().manual_seed(seed)
        coarse = 255 * torch.rand(1, 3, 7, 9, generator=generator)
        image = F.interpolate(coarse, (height, width), mode='bilinear')[0]
        sample = SegDataSample(
            metainfo=dict(
                img_path='image.png',
                ori_shape=original or (height, width),
                img_shape=(height, width),
                **metainfo,
            )
        )
        return image, sample

    return make
