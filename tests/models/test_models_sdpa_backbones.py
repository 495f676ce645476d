"""Transformers whose attention runs through scaled_dot_product_attention, against mmseg's own."""

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from handbone.models import backbones
from handbone.models.backbones import fused_attention

SMALL = {
    'MixVisionTransformer': dict(
        embed_dims=16, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], attn_drop_rate=0.0
    ),
    'SwinTransformer': dict(
        embed_dims=24, depths=(2, 2, 2, 2), num_heads=(3, 6, 12, 24), patch_norm=True
    ),
    'VisionTransformer': dict(
        img_size=64, embed_dims=48, num_layers=2, num_heads=4, out_indices=(0, 1)
    ),
    'BEiT': dict(
        img_size=64, embed_dims=48, num_layers=2, num_heads=4, out_indices=(0, 1), init_values=0.1
    ),
    'MAE': dict(
        img_size=64, embed_dims=48, num_layers=2, num_heads=4, out_indices=(0, 1), init_values=0.1
    ),
    'PCPVT': dict(
        embed_dims=[16, 32, 48, 64],
        num_heads=[1, 2, 4, 8],
        depths=[1, 1, 1, 1],
        mlp_ratios=[2, 2, 2, 2],
    ),
    'SVT': dict(
        embed_dims=[16, 32, 48, 64],
        num_heads=[1, 2, 4, 8],
        depths=[2, 2, 2, 2],
        mlp_ratios=[2, 2, 2, 2],
        strides=[4, 2, 2, 2],
        windiow_sizes=[7, 7, 7, 7],  # as mmseg spells it
        sr_ratios=[8, 4, 2, 1],
    ),
}


def build_pair(name):
    """mmseg's backbone and its sibling with the same random parameters."""
    torch.manual_seed(0)
    stock = MODELS.build(dict(type=name, **SMALL[name]))
    for parameter in stock.parameters():  # zeros, where a layer starts with them, hide mistakes
        nn.init.normal_(parameter, std=0.1)
    ours = MODELS.build(dict(type=f'SDPA{name}', **SMALL[name]))
    ours.load_state_dict(stock.state_dict(), strict=True)
    assert list(ours.state_dict()) == list(stock.state_dict())
    return stock, ours


@pytest.mark.parametrize('name', SMALL)
@pytest.mark.parametrize('batch', [1, 2])
def test_features_and_gradients_are_those_of_mmseg(name, batch):
    stock, ours = build_pair(name)
    images = torch.randn(batch, 3, 64, 64)
    results = []
    for model in (stock, ours):
        model.eval()
        features = model(images)
        sum(each.square().mean() for each in features).backward()
        gradients = {key: value.grad for key, value in model.named_parameters()}
        results.append((features, gradients))
    (expected, expected_gradients), (features, gradients) = results
    for ours_map, stock_map in zip(features, expected, strict=True):
        torch.testing.assert_close(ours_map, stock_map, rtol=1e-4, atol=1e-5)
    for key, gradient in expected_gradients.items():
        if gradient is None:
            assert gradients[key] is None
        else:
            scale = gradient.abs().max().clamp(min=1e-6)
            torch.testing.assert_close(gradients[key] / scale, gradient / scale, rtol=0, atol=1e-3)


@pytest.mark.parametrize('most', [3, 7, 40])
def test_windows_a_few_at_a_time(monkeypatch, most):
    """As where a GPU's kernel does not take all windows of a large image."""
    monkeypatch.setattr(fused_attention, 'MOST_HEADS', most)
    test_features_and_gradients_are_those_of_mmseg('SwinTransformer', 2)


@pytest.mark.parametrize('name', ['SwinTransformer', 'MixVisionTransformer'])
def test_blocks_computed_twice_have_the_same_gradients(name):
    """Dropped paths included: the second time draws the same random numbers."""
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        settings = dict(SMALL[name], drop_path_rate=0.3, with_cp=with_cp)
        model = MODELS.build(dict(type=f'SDPA{name}', **settings))
        model.train()
        images = torch.randn(4, 3, 64, 64)
        sum(each.square().mean() for each in model(images)).backward()
        gradients.append({key: value.grad for key, value in model.named_parameters()})
    for key, gradient in gradients[0].items():
        assert (gradient is None) == (gradients[1][key] is None), key
        if gradient is not None:
            torch.testing.assert_close(gradients[1][key], gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('name', SMALL)
def test_every_attention_is_fused(name):
    _, ours = build_pair(name)
    kinds = {type(module) for module in ours.modules()}
    assert not kinds & set(backbones.sdpa_backbones.FUSED)
    assert kinds & set(backbones.sdpa_backbones.FUSED.values())


def test_initialisation_is_that_of_mmseg():
    """The order of random numbers is kept: a seed gives the same model."""
    models = []
    for prefix in ('', 'SDPA'):
        torch.manual_seed(3)
        model = MODELS.build(dict(type=f'{prefix}SwinTransformer', **SMALL['SwinTransformer']))
        model.init_weights()
        models.append(model.state_dict())
    for key, value in models[0].items():
        assert torch.equal(models[1][key], value), key


def test_attention_matrices_do_not_lie_in_memory(largest_tensor):
    settings = dict(SMALL['MixVisionTransformer'], num_heads=[4, 4, 4, 4], sr_ratios=[1, 1, 1, 1])
    model = MODELS.build(dict(type='SDPAMixVisionTransformer', **settings))
    with largest_tensor:
        features = model(torch.randn(1, 3, 128, 128))
        sum(each.mean() for each in features).backward()
    queries = 32 * 32
    assert largest_tensor.elements < queries * queries
