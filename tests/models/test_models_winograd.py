"""Winograd's convolutions against PyTorch's, and where they are used."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import nn

from handbone.models.heads import upsampled_convolution, winograd


@pytest.fixture
def always(monkeypatch):
    """Small maps of few channels too."""
    monkeypatch.setattr(winograd, 'LEAST_CHANNELS', 1)
    monkeypatch.setattr(winograd, 'LEAST_PIXELS', 1)


@pytest.mark.parametrize('size', [(8, 12), (9, 7), (1, 1), (16, 3), (5, 4), (33, 18)])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_same_as_the_convolution(size, layout, monkeypatch):
    """Of every size, in one step and in several."""
    torch.manual_seed(0)
    maps = torch.randn(2, 5, *size).to(memory_format=layout)
    weight = torch.randn(7, 5, 3, 3)
    expected = F.conv2d(maps.double(), weight.double(), padding=1)
    for elements in (winograd.ELEMENTS_PER_STEP, 1):
        monkeypatch.setattr(winograd, 'ELEMENTS_PER_STEP', elements)
        found = winograd.convolve(maps, weight)
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_error_of_many_channels():
    """A few times that of float32 products added one by one, both far below what moves a logit."""
    torch.manual_seed(0)
    maps = torch.randn(1, 256, 24, 24)
    weight = torch.randn(256, 256, 3, 3) / 48
    exact = F.conv2d(maps.double(), weight.double(), padding=1)
    error = (winograd.convolve(maps, weight).double() - exact).abs().max()
    # not with PyTorch's kernels, which round more or less with the type of the processor
    outputs = 16
    kernels = weight[:outputs].flatten(1).numpy()
    one_by_one = np.zeros((outputs, 24 * 24), np.float32)
    for tap, values in enumerate(F.unfold(maps, 3, padding=1)[0].numpy()):
        one_by_one += kernels[:, tap, None] * values
    usual = np.abs(one_by_one - exact[0, :outputs].flatten(1).numpy()).max()
    assert error < 8 * usual and error < 1e-5 * exact.abs().max()


def conv(channels=4, **settings):
    return nn.Conv2d(channels, channels, settings.pop('kernel', 3), **settings)


def test_where_it_pays(always):
    maps = torch.randn(1, 4, 8, 8)
    with torch.no_grad():
        assert winograd.pays(conv(padding=1), maps)
        for other in (
            conv(padding=1, stride=2),
            conv(padding=1, groups=2),
            conv(padding=1, padding_mode='reflect'),
            conv(padding=2, dilation=2),
            conv(kernel=1),
            conv(kernel=5, padding=2),
            conv(),
        ):
            assert not winograd.pays(other, maps)
        assert not winograd.pays(conv(padding=1).double(), maps.double())
        with torch.autocast('cpu', torch.bfloat16):
            assert not winograd.pays(conv(padding=1), maps)
    assert not winograd.pays(conv(padding=1), maps)  # in training


def test_small_work_is_left_to_pytorch():
    with torch.no_grad():
        assert not winograd.pays(conv(127, padding=1), torch.zeros(1, 127, 64, 64))
        assert not winograd.pays(conv(128, padding=1), torch.zeros(1, 128, 63, 64))
        assert winograd.pays(conv(128, padding=1), torch.zeros(1, 128, 64, 64))


@pytest.mark.parametrize('norm', [dict(type='GN', num_groups=4), dict(type='BN'), None])
def test_upernet_predicts_what_mmseg_does(norm, always, monkeypatch):
    """And what it does in training mode, where no convolution is replaced."""
    settings = dict(
        in_channels=[8, 16, 24, 32],
        in_index=[0, 1, 2, 3],
        channels=16,
        pool_scales=(1, 2, 3, 6),
        num_classes=5,
        norm_cfg=norm,
    )
    torch.manual_seed(0)
    ours = MODELS.build(dict(settings, type='MultilabelUPerHead')).eval()
    theirs = MODELS.build(
        dict(
            settings,
            type='mmseg.UPerHead',
            out_channels=5,
            loss_decode=dict(use_sigmoid=True, type='CrossEntropyLoss'),
        )
    ).eval()
    for weight in ours.parameters():
        nn.init.normal_(weight, std=0.2)
    theirs.load_state_dict(ours.state_dict())
    maps = [torch.randn(2, 8 * (i + 1), 32 // 2**i, 24 // 2**i) for i in range(4)]
    calls = []
    convolve = winograd.convolve
    monkeypatch.setattr(
        winograd, 'convolve', lambda *given: calls.append(given) or convolve(*given)
    )
    trained = ours(maps)
    assert not calls
    with torch.no_grad():
        expected, found = theirs(maps), ours(maps)
    assert len(calls) >= 4
    scale = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5 * scale)
    torch.testing.assert_close(found, trained.detach(), rtol=1e-3, atol=1e-5 * scale)


@pytest.mark.parametrize('sizes', [(1, 7), (2, 3), (5, 23), (16, 16), (23, 5), (48, 384), (7, 1)])
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('kernel', [1, 3, 5])
def test_matrices_are_zero_outside_of_the_bands(sizes, align_corners, kernel, monkeypatch):
    monkeypatch.setattr(upsampled_convolution, 'PIXELS_PER_BAND', 4)
    low, full = sizes
    taps = upsampled_convolution._shifted_interpolation(
        low, full, kernel, align_corners, torch.zeros(1)
    )
    covered = torch.zeros(full, low, dtype=bool)
    for pixels, sources in upsampled_convolution._bands(low, full, kernel, align_corners):
        assert not covered[pixels].any() and sources.stop - sources.start <= low
        covered[pixels, sources] = True
    assert not any(tap[~covered].any() for tap in taps)
    if full == 8 * low:
        assert covered.float().mean() < 0.2


@pytest.mark.parametrize('band', [1, 5, 96])
@pytest.mark.parametrize('align_corners', [False, True])
def test_bands_of_interpolation(band, align_corners, monkeypatch):
    """Leaving out zeros changes nothing, however the pixels are divided."""
    monkeypatch.setattr(upsampled_convolution, 'PIXELS_PER_BAND', band)
    torch.manual_seed(0)
    maps = [torch.randn(1, 3, *size, dtype=torch.float64) for size in ((23, 16), (6, 5), (1, 2))]
    weight = torch.randn(4, 9, 3, 3, dtype=torch.float64)
    full = [
        F.interpolate(each, (23, 16), mode='bilinear', align_corners=align_corners) for each in maps
    ]
    expected = F.conv2d(torch.cat(full, 1), weight, padding=1)
    found = upsampled_convolution.convolve_levels(maps, weight, align_corners)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_exported_graphs_have_plain_convolutions(always, monkeypatch):
    """As files for ONNX and OpenVINO are made, in torch.export."""
    monkeypatch.setattr(winograd, 'convolve', lambda *_: pytest.fail('replaced in an export'))
    monkeypatch.setattr(torch.onnx, 'is_in_onnx_export', lambda: True)
    settings = dict(in_channels=[8, 16], in_index=[0, 1], channels=8, pool_scales=(1, 2))
    head = MODELS.build(dict(settings, type='MultilabelUPerHead', num_classes=3)).eval()
    maps = [torch.randn(1, 8, 16, 16), torch.randn(1, 16, 8, 8)]
    with torch.no_grad():
        graph = torch.export.export(head, (maps,)).graph
    kernels = [node for node in graph.nodes if 'conv2d' in str(node.target)]
    assert len(kernels) > 5
