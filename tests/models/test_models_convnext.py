"""ConvNeXt against the plain formula of its block, and against mmpretrain where it is installed."""

import importlib

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS


def build(**settings):
    torch.manual_seed(0)
    model = MODELS.build(dict(type='ConvNeXt', arch='tiny') | settings)
    model.init_weights()
    return model.eval()


def layer_norm(features, norm):
    mean = features.mean(1, keepdim=True)
    variance = features.var(1, keepdim=True, unbiased=False)
    scaled = (features - mean) / (variance + 1e-6).sqrt()
    return scaled * norm.weight.reshape(-1, 1, 1) + norm.bias.reshape(-1, 1, 1)


@torch.no_grad()
def test_block():
    block = build().stages[1][0]
    for weight in block.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    features = torch.randn(2, 192, 9, 7)
    depthwise = F.conv2d(
        features, block.depthwise_conv.weight, block.depthwise_conv.bias, padding=3, groups=192
    )
    normed = layer_norm(depthwise, block.norm)
    first, second = block.pointwise_conv1, block.pointwise_conv2
    hidden = F.gelu(F.conv2d(normed, first.weight[..., None, None], first.bias))
    branch = F.conv2d(hidden, second.weight[..., None, None], second.bias)
    expected = features + branch * block.gamma.reshape(-1, 1, 1)
    torch.testing.assert_close(block(features), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_maps():
    maps = build()(torch.randn(1, 3, 64, 96))
    assert [tuple(one.shape) for one in maps] == [
        (1, 96, 16, 24),
        (1, 192, 8, 12),
        (1, 384, 4, 6),
        (1, 768, 2, 3),
    ]
    for one in maps:  # each ends in a normalisation of its own
        torch.testing.assert_close(one.mean(1), torch.zeros_like(one.mean(1)), atol=1e-4, rtol=0)


def test_recomputed_blocks_give_the_same_gradients():
    images = torch.randn(1, 3, 32, 32)
    gradients = []
    for with_cp in (False, True):
        model = build(with_cp=with_cp, drop_path_rate=0.0).train()
        sum(one.square().mean() for one in model(images)).backward()
        gradients.append([weight.grad for weight in model.parameters()])
    torch.testing.assert_close(*gradients)


def test_unknown_arch():
    with pytest.raises(ValueError, match="no ConvNeXt arch 'huge'; there are: tiny, small, base"):
        build(arch='huge')


@torch.no_grad()
def test_weights_of_mmpretrain():
    try:
        importlib.import_module('mmpretrain.models')
    except (ImportError, RuntimeError) as error:
        pytest.skip(f'needs pip install handbone[mmpretrain] ({error})')
    theirs = MODELS.build(
        dict(
            type='mmpretrain.ConvNeXt',
            arch='tiny',
            out_indices=[0, 1, 2, 3],
            layer_scale_init_value=1.0,
            gap_before_final_norm=False,
        )
    )
    theirs.eval()  # does not return itself
    ours = build()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(1, 3, 64, 64)
    for found, expected in zip(ours(images), theirs(images), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
