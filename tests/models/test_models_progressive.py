"""Batches shrunk early in the training, labels with them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import pack, planes_first

STAGES = [(0.25, 4), (0.5, 2)]


def build(stages=STAGES, **settings):
    config = dict(type='ProgressiveDataPreProcessor', size_divisor=8, seg_pad_val=0)
    return MODELS.build(config | dict(stages=stages, mean=[127.5] * 3, std=[64.0] * 3) | settings)


def make_batch(classes=40):
    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (3, 32, 48), generator=generator).byte() for _ in range(2)]
    masks = np.random.default_rng(0).random((2, classes, 32, 48)) < 0.3
    labels = [planes_first(pack(each)) for each in masks]
    samples = [SegDataSample(gt_sem_seg=PixelData(data=each.clone())) for each in labels]
    return dict(inputs=images, data_samples=samples), images, labels


@pytest.fixture
def at_iteration(monkeypatch):
    """Be at an iteration of a training of 100."""
    hub = MessageHub.get_instance('progressive')
    monkeypatch.setattr(MessageHub, 'get_current_instance', classmethod(lambda _: hub))
    hub.update_info('max_iters', 100)
    return lambda iteration: hub.update_info('iter', iteration)


@pytest.mark.parametrize(
    ('iteration', 'factor'), [(0, 4), (24, 4), (25, 2), (74, 2), (75, 1), (99, 1)]
)
def test_factor_of_the_iteration(at_iteration, iteration, factor):
    """Images are block means, labels the pixel at the centre of each block."""
    at_iteration(iteration)
    batch, images, labels = make_batch()
    result = build()(batch, training=True)
    plain = torch.stack([(image.float() - 127.5) / 64 for image in images])
    torch.testing.assert_close(result['inputs'], F.avg_pool2d(plain, factor))
    for sample, packed in zip(result['data_samples'], labels, strict=True):
        expected = packed[:, factor // 2 :: factor, factor // 2 :: factor]
        assert sample.gt_sem_seg.data.dtype == torch.int32
        assert torch.equal(sample.gt_sem_seg.data, expected)
        assert sample.gt_sem_seg.shape == (32 // factor, 48 // factor)


def test_validation_sees_everything(at_iteration):
    at_iteration(0)
    batch, _, labels = make_batch()
    result = build(test_cfg=dict(size_divisor=8))(batch, training=False)
    assert result['inputs'].shape == (2, 3, 32, 48)
    assert torch.equal(result['data_samples'][0].gt_sem_seg.data, labels[0])


def test_outside_a_training_run():
    batch, _, _ = make_batch()
    hub = MessageHub.get_instance('no training')
    assert hub.get_info('iter', 0) == 0
    assert build(stages=[])(batch, training=True)['inputs'].shape == (2, 3, 32, 48)


@pytest.mark.parametrize(
    ('stages', 'message'),
    [
        ([(0.6, 4), (0.6, 2)], 'sum to 1'),
        ([(-0.1, 2)], 'must be positive'),
        ([(0.5, 0)], 'factor 0'),
        ([(0.5, 1.5)], 'factor 1.5'),
    ],
)
def test_bad_stages(stages, message):
    with pytest.raises(ValueError, match=message):
        build(stages)
