"""Lion by the paper's formula, layer depths by the backbones' own block lists, CPU autocast."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS, OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from handbone.engine.optimizers import CPUAmpOptimWrapper, Lion
from handbone.engine.optimizers.layer_decay import layer_depths


def test_lion_is_the_formula_of_the_paper():
    """Algorithm 2 of Chen et al., weight by weight, in float64."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(5, generator=generator, dtype=torch.float64)
    weight = nn.Parameter(start.clone())
    optimizer = Lion([weight], lr=0.1, betas=(0.8, 0.95), weight_decay=0.3)
    expected, momentum = start.tolist(), [0.0] * 5
    for _ in range(20):
        gradient = torch.randn(5, generator=generator, dtype=torch.float64)
        weight.grad = gradient.clone()
        optimizer.step()
        for i, g in enumerate(gradient.tolist()):
            c = 0.8 * momentum[i] + (1 - 0.8) * g
            expected[i] -= 0.1 * ((c > 0) - (c < 0) + 0.3 * expected[i])
            momentum[i] = 0.95 * momentum[i] + (1 - 0.95) * g
    torch.testing.assert_close(weight.detach(), torch.tensor(expected, dtype=torch.float64))


def test_lion_goes_on_from_its_saved_state():
    def run(split):
        generator = torch.Generator().manual_seed(1)
        weight = nn.Parameter(torch.ones(3, 4))
        optimizer = Lion([weight], lr=0.01)
        for step in range(6):
            if step == split:
                state = optimizer.state_dict()
                optimizer = Lion([weight], lr=0.5)
                optimizer.load_state_dict(state)
            weight.grad = torch.randn(3, 4, generator=generator)
            optimizer.step()
        return weight

    assert torch.equal(run(3), run(None))


def test_lion_leaves_weights_without_gradient():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = Lion([used, unused], lr=0.1, weight_decay=0.1)
    used.sum().backward()
    optimizer.step()
    assert (unused == 1).all() and (used < 1).all()


def test_lion_is_the_registered_one():
    init_default_scope('mmseg')
    settings = dict(type='Lion', params=[nn.Parameter(torch.ones(1))])
    assert isinstance(OPTIMIZERS.build(settings), Lion)


@pytest.mark.parametrize(
    'settings',
    [dict(lr=0.0), dict(betas=(1.0, 0.9)), dict(betas=(0.9, -0.1)), dict(weight_decay=-1)],
)
def test_lion_refuses(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Lion([nn.Parameter(torch.ones(1))], **settings)


BACKBONES = {
    'SwinTransformer': (
        dict(embed_dims=8, depths=(1, 2, 3, 1), num_heads=(1, 1, 1, 1)),
        lambda net: [block for stage in net.stages for block in stage.blocks],
    ),
    'MixVisionTransformer': (
        dict(embed_dims=8, num_layers=[1, 2, 3, 1], num_heads=[1, 1, 1, 1]),
        lambda net: [block for stage in net.layers for block in stage[1]],
    ),
    'ResNet': (
        dict(depth=18),
        lambda net: [block for name in net.res_layers for block in getattr(net, name)],
    ),
    'VisionTransformer': (
        dict(img_size=32, embed_dims=8, num_heads=1, num_layers=3),
        lambda net: list(net.layers),
    ),
}


@pytest.mark.parametrize('name', BACKBONES)
def test_depth_counts_the_blocks(name):
    init_default_scope('mmseg')
    settings, blocks_of = BACKBONES[name]
    network = MODELS.build(dict(type=name, **settings))
    depths = layer_depths(network)
    blocks = blocks_of(network)
    names = {id(weight): weight_name for weight_name, weight in network.named_parameters()}
    inside = set()
    for depth, block in enumerate(blocks, start=1):
        for weight in block.parameters():
            assert depths[names[id(weight)]] == depth
            inside.add(names[id(weight)])
    assert set(depths.values()) <= set(range(len(blocks) + 1))
    first = next(iter(depths))
    assert first not in inside and depths[first] == 0


class Parts(nn.Module):
    """What custom keys tell apart."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))
        self.decode_head = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))

    def forward(self, images):
        return self.decode_head(self.backbone(images))


@pytest.mark.parametrize('kind', ['AdamW', 'Lion'])
def test_grouped_weights_learn_as_single_ones(kind):
    """One group for each set of settings; every weight ends where mmengine's own groups end."""
    init_default_scope('mmseg')
    paramwise = dict(
        custom_keys={'backbone.1': dict(decay_mult=0.0), 'decode_head': dict(lr_mult=10.0)}
    )
    weights, groups = [], []
    for constructor in ('DefaultOptimWrapperConstructor', 'GroupedOptimWrapperConstructor'):
        torch.manual_seed(0)
        model = Parts()
        settings = dict(
            type='OptimWrapper',
            optimizer=dict(type=kind, lr=1e-3, weight_decay=0.5),
            constructor=constructor,
            paramwise_cfg=paramwise,
        )
        wrapper = build_optim_wrapper(model, settings)
        for step in range(3):
            torch.manual_seed(step)
            wrapper.update_params(model(torch.randn(2, 3, 8, 8)).square().mean())
        weights.append(model.state_dict())
        groups.append(wrapper.optimizer.param_groups)
    assert [len(each) for each in groups] == [10, 3]
    assert {(group['lr'], group['weight_decay']) for group in groups[1]} == {
        (1e-3, 0.5),
        (1e-3, 0.0),
        (1e-2, 0.5),
    }
    for name, weight in weights[0].items():
        assert torch.equal(weights[1][name], weight), name


def test_a_shared_weight_is_not_stepped_twice():
    init_default_scope('mmseg')
    model = Parts()
    model.decode_head[0].weight = model.backbone[2].weight
    settings = dict(
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
        constructor='GroupedOptimWrapperConstructor',
        paramwise_cfg=dict(norm_decay_mult=0.0),
    )
    with pytest.raises(ValueError, match='bypass_duplicate=True'):
        build_optim_wrapper(model, settings)
    settings['paramwise_cfg'].update(bypass_duplicate=True)
    groups = build_optim_wrapper(model, settings).optimizer.param_groups
    ids = [id(weight) for group in groups for weight in group['params']]
    assert len(ids) == len(set(ids)) == len(list(model.parameters()))


def test_network_without_numbered_blocks():
    with pytest.raises(ValueError, match='Sequential are not numbered'):
        layer_depths(nn.Sequential(nn.Linear(2, 2)))


def test_cpu_computes_in_bfloat16():
    init_default_scope('mmseg')
    network = nn.Conv2d(3, 4, 3)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    wrapper = OPTIM_WRAPPERS.build(dict(type='CPUAmpOptimWrapper', optimizer=optimizer))
    assert isinstance(wrapper, CPUAmpOptimWrapper)
    with wrapper.optim_context(network):
        output = network(torch.rand(1, 3, 8, 8))
    assert output.dtype == torch.bfloat16
    assert network(torch.rand(1, 3, 8, 8)).dtype == torch.float32
    before = network.weight.clone()
    wrapper.update_params(output.float().sum())
    assert network.weight.dtype == torch.float32 and not torch.equal(network.weight, before)
