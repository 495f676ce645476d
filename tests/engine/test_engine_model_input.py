"""Batches that a model cannot take are errors before the first iteration."""

import random

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from handbone.engine.hooks.model_input_hook import batch_shape, check_input, logits_shape


@pytest.fixture(autouse=True)
def mmseg_scope():
    init_default_scope('mmseg')


def pooling_model(norm='BN', **settings):
    """A pyramid pooling head, whose first branch normalises 1 x 1 maps."""
    head = dict(
        type='MultilabelPSPHead',
        in_channels=32,
        in_index=0,
        channels=32,
        num_classes=3,
        norm_cfg=dict(type=norm),
    )
    preprocessor = dict(type='SegDataPreProcessor', size_divisor=64, mean=[0], std=[1])
    return MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            backbone=dict(type='FoldedUNet', channels=(32, 32), norm_cfg=dict(type='BN')),
            decode_head=head,
            data_preprocessor=preprocessor,
        )
        | settings
    )


def fixed_size_model():
    """BEiT's relative positions belong to one size of images."""
    backbone = dict(
        type='BEiT', img_size=(64, 64), embed_dims=32, num_layers=1, num_heads=2, out_indices=(0,)
    )
    head = dict(
        type='MultilabelFCNHead',
        in_channels=32,
        in_index=0,
        channels=8,
        num_classes=3,
        norm_cfg=dict(type='BN'),
    )
    config = dict(type='MultilabelEncoderDecoder', backbone=backbone, decode_head=head)
    return MODELS.build(config)


def test_one_image_where_batch_norm_needs_two():
    message = 'decode_head.psp_modules.0.1.bn is a BatchNorm .* batch of 1 .*batch_size to 2'
    for norm in ('BN', 'SyncBN'):
        with pytest.raises(ValueError, match=message):
            check_input(pooling_model(norm), (1, 3, 64, 64))
        check_input(pooling_model(norm), (2, 3, 64, 64))
    # what torch itself says in the first iteration
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        pooling_model()._forward(torch.zeros(1, 3, 64, 64))


def test_sync_batch_norm_of_one_process(tmp_path):
    """It needs a GPU to be trained, not to be tried, and needs what BatchNorm needs."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/rendezvous', rank=0, world_size=1
    )
    try:
        norm = dict(type='SyncBN')
        backbone = dict(type='FoldedUNet', channels=(32, 32), norm_cfg=norm)
        model = pooling_model('SyncBN', backbone=backbone)
        with pytest.raises(ValueError, match='sees one value per channel in a batch of 1'):
            check_input(model, (1, 3, 64, 64))
        check_input(model, (2, 3, 64, 64))
    finally:
        torch.distributed.destroy_process_group()


def test_one_image_in_an_auxiliary_head():
    auxiliary = dict(
        type='MultilabelPSPHead',
        in_channels=32,
        in_index=0,
        channels=32,
        num_classes=3,
        norm_cfg=dict(type='BN'),
    )
    model = pooling_model(auxiliary_head=[auxiliary])
    model.decode_head.eval()
    with pytest.raises(ValueError, match=r'auxiliary_head\.0\.psp_modules'):
        check_input(model, (1, 3, 64, 64))


def test_norms_that_are_evaluated_take_one_image():
    check_input(pooling_model().eval(), (1, 3, 64, 64))


def test_size_that_the_backbone_cannot_take():
    with pytest.raises(ValueError, match='cannot take images of 100 x 64 .*64 x 64 would work'):
        check_input(fixed_size_model(), (2, 3, 100, 64))
    check_input(fixed_size_model(), (2, 3, 64, 64))


def test_size_between_the_strides():
    """The images of this network are multiples of 8: folded by 4, halved once."""
    with pytest.raises(ValueError, match='cannot take images of 66 x 66 .*96 x 96 would work'):
        check_input(pooling_model(), (2, 3, 66, 66))


def test_faults_that_are_not_of_the_size_are_left_to_the_training():
    model = pooling_model()
    model.decode_head.psp_modules = nn.ModuleList([nn.Linear(5, 5)])
    check_input(model, (2, 3, 64, 64))


def test_nothing_is_changed():
    model = pooling_model('SyncBN').train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    torch.manual_seed(0)
    state = torch.get_rng_state()
    assert logits_shape(model, (2, 3, 2048, 2048)) == (2, 3, 512, 512)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert not any(module._forward_pre_hooks for module in model.modules())


class RandomDataset(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        random.random()
        np.random.rand()
        torch.rand(1)
        return dict(inputs=torch.zeros(3, 50, 60, dtype=torch.uint8), data_samples=SegDataSample())


def test_shape_of_a_batch():
    """Behind the padding, and without drawing from the run's random numbers."""
    loader = torch.utils.data.DataLoader(RandomDataset(), batch_size=4)
    model = pooling_model()

    def seed():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    seed()
    expected = draw()
    seed()
    assert batch_shape(model, loader) == (4, 3, 64, 64)
    assert draw() == expected
