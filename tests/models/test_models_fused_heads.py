"""Heads that fuse a pyramid without upsampling it, against mmseg's own."""

import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import nn

from handbone.models.heads import upsampled_convolution
from handbone.models.heads.upsampled_convolution import convolve_levels, fuse_levels


def plain(maps, weight, align_corners):
    size = maps[0].shape[2:]
    resized = [
        F.interpolate(each, size, mode='bilinear', align_corners=align_corners) for each in maps
    ]
    return F.conv2d(torch.cat(resized, 1), weight, padding=weight.shape[-1] // 2)


@pytest.mark.parametrize('kernel', [1, 3, 5])
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('sizes', [[(12, 16), (6, 8), (3, 4)], [(11, 7), (4, 5), (1, 1), (11, 7)]])
def test_convolution_is_that_of_upsampled_maps(kernel, align_corners, sizes, monkeypatch):
    monkeypatch.setitem(upsampled_convolution.ELEMENTS_PER_STEP, 'cpu', 900)  # several steps
    torch.manual_seed(0)
    maps = [
        torch.randn(2, 3 + index, *size, dtype=torch.float64, requires_grad=True)
        for index, size in enumerate(sizes)
    ]
    channels = sum(each.shape[1] for each in maps)
    weight = torch.randn(5, channels, kernel, kernel, dtype=torch.float64, requires_grad=True)
    expected = plain(maps, weight, align_corners)
    result = convolve_levels(maps, weight, align_corners)
    # the interpolation weights are those of float32
    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-5)
    direction = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad(expected, [*maps, weight], direction)
    gradients = torch.autograd.grad(result, [*maps, weight], direction)
    for gradient, wanted in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-5, atol=1e-5)


def test_under_autocast_as_the_convolution():
    torch.manual_seed(0)
    maps = [torch.randn(1, 8, 12, 12), torch.randn(1, 8, 6, 6)]
    weight = torch.randn(4, 16, 3, 3) / 12
    with torch.autocast('cpu', dtype=torch.bfloat16):
        result = convolve_levels(maps, weight, False)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), plain(maps, weight, False), rtol=0, atol=0.05)


@pytest.mark.parametrize(
    'settings',
    [
        dict(norm_cfg=dict(type='BN'), padding=1),
        dict(norm_cfg=None, padding=1),
        dict(norm_cfg=dict(type='BN'), padding=1, padding_mode='reflect'),
        dict(norm_cfg=dict(type='BN'), padding=2, dilation=2),
        dict(norm_cfg=dict(type='BN'), padding=1, order=('norm', 'conv', 'act')),
        dict(norm_cfg=dict(type='BN'), padding=1, act_cfg=None),
    ],
)
def test_any_convolution_module(settings):
    """What is no ordinary convolution goes the ordinary way."""
    torch.manual_seed(0)
    module = ConvModule(6, 6, 3, **settings)
    maps = [torch.randn(2, 4, 8, 8), torch.randn(2, 2, 4, 4)]
    joined = torch.cat([maps[0], F.interpolate(maps[1], (8, 8), mode='bilinear')], 1)
    torch.testing.assert_close(fuse_levels(module, maps, False), module(joined))


HEADS = {
    'UPerHead': dict(in_channels=[8, 12, 16, 20], pool_scales=(1, 2, 3), channels=8),
    'SegformerHead': dict(in_channels=[8, 12, 16, 20], channels=8),
}


@pytest.mark.parametrize('name', HEADS)
@pytest.mark.parametrize('align_corners', [False, True])
def test_heads_are_those_of_mmseg(name, align_corners):
    torch.manual_seed(0)
    common = dict(
        HEADS[name],
        in_index=[0, 1, 2, 3],
        num_classes=5,
        dropout_ratio=0.3,
        norm_cfg=dict(type='BN'),
        align_corners=align_corners,
    )
    ours = MODELS.build(dict(type=f'Multilabel{name}', **common)).train()
    stock = MODELS.build(
        dict(
            type=name,
            out_channels=5,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
            **common,
        )
    ).train()
    for parameter in stock.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours.load_state_dict(stock.state_dict(), strict=True)
    sizes = [(14, 18), (7, 9), (4, 5), (2, 3)]
    inputs = [
        torch.randn(2, channels, *size, requires_grad=True)
        for channels, size in zip(common['in_channels'], sizes, strict=True)
    ]
    results = []
    for head in (stock, ours):
        torch.manual_seed(1)  # the dropout draws the same maps
        logits = head(inputs)
        leaves = [*inputs, *(value for value in head.parameters())]
        direction = torch.linspace(-1, 1, logits.numel()).view_as(logits)
        results.append((logits, torch.autograd.grad(logits, leaves, direction, allow_unused=True)))
    (expected, expected_gradients), (logits, gradients) = results
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    for gradient, wanted in zip(gradients, expected_gradients, strict=True):
        scale = wanted.abs().max().clamp(min=1e-3)
        torch.testing.assert_close(gradient / scale, wanted / scale, rtol=0, atol=1e-3)
    torch.testing.assert_close(ours.eval()(inputs), stock.eval()(inputs), rtol=1e-4, atol=1e-4)
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in stock.state_dict().items()
    }


@pytest.mark.parametrize('name', HEADS)
def test_no_map_of_all_levels_is_made(name, largest_tensor):
    settings = HEADS[name] | dict(in_channels=[8] * 4, channels=64)
    head = MODELS.build(
        dict(
            type=f'Multilabel{name}',
            in_index=[0, 1, 2, 3],
            num_classes=3,
            dropout_ratio=0.1,
            norm_cfg=dict(type='GN', num_groups=8),
            **settings,
        )
    )
    inputs = [torch.randn(1, 8, 64 >> level, 64 >> level, requires_grad=True) for level in range(4)]
    with largest_tensor:
        head(inputs).square().mean().backward()
    # joined, the maps of the four levels at the size of the first would be four times as large
    assert largest_tensor.elements < 3 * 64 * 64 * 64
