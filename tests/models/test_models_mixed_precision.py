"""A whole training step of the flagships in bfloat16 beside one in float32."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import pack, planes_first

CONFIGS = Path(__file__).parents[2] / 'configs'


def small(name):
    """The model of a config with few channels and blocks, without random parts."""
    model = Config.fromfile(CONFIGS / f'{name}.py').model
    model.backbone.update(init_cfg=None, drop_path_rate=0.0)
    model.decode_head.update(channels=64, dropout_ratio=0.0)
    if 'swin' in name:
        model.backbone.update(embed_dims=32, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8])
        model.decode_head.in_channels = [32, 64, 128, 256]
        model.auxiliary_head.update(in_channels=128, channels=64, dropout_ratio=0.0)
    torch.manual_seed(0)
    model = MODELS.build(model)
    model.init_weights()
    model.train()
    return model


def sample(size):
    """Labels of 29 overlapping rectangles, with some ignored pixels."""
    masks = np.zeros((29, size, size), bool)
    for index, mask in enumerate(masks):
        mask[index : index + 30, 2 * index : 2 * index + 25] = True
    label = pack(masks)
    label[:4] |= np.int32(-(2**31))
    data_sample = SegDataSample()
    data_sample.set_data(dict(gt_sem_seg=PixelData(data=planes_first(label))))
    return data_sample


def step(model, dtype):
    """Losses and gradients, all as one vector of float32."""
    images = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.autocast('cpu', dtype, enabled=dtype != torch.float32):
        losses = model.loss(images, [sample(96), sample(96)])
    total = sum(value for name, value in losses.items() if 'loss' in name)
    model.zero_grad()
    total.backward()
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(gradient.dtype == torch.float32 for gradient in gradients)
    return losses, torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize('name', ['upernet_swin_1536', 'segformer_mit-b0_1536'])
def test_step(name):
    model = small(name)
    expected, gradient = step(model, torch.float32)
    losses, rounded = step(model, torch.bfloat16)
    assert losses.keys() == expected.keys()
    for key, loss in losses.items():
        if 'loss' in key:
            assert loss.dtype == torch.float32
            torch.testing.assert_close(loss, expected[key], rtol=0.01, atol=0)
    assert not torch.equal(rounded, gradient)  # it was computed in bfloat16
    assert torch.cosine_similarity(rounded, gradient, dim=0) > 0.99
    assert 0.95 < rounded.norm() / gradient.norm() < 1.05
