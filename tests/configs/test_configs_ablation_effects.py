"""What the ablations change is changed in the run."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from mmseg.registry import MODELS
from torch import nn

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.engine import ResumableRunner

ABLATIONS = Path(__file__).parents[2] / 'configs' / 'ablations'


class WeightRecorder(Hook):
    """Keeps a copy of the model's state before the training and after each iteration."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.states = []

    def before_train(self, runner):
        self.keep(runner)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.keep(runner)

    def keep(self, runner):
        self.states.append({k: v.clone() for k, v in runner.model.state_dict().items()})


def train(config, **changes):
    config.merge_from_dict(changes)
    runner = ResumableRunner.from_cfg(config)
    recorder = WeightRecorder()
    runner.register_hook(recorder)
    runner.train()
    return runner, recorder.states


def load(path):
    return torch.load(path, weights_only=False)


@pytest.fixture
def ema_run(shrunk, scalars):
    config = shrunk('ema', iterations=4)
    config.default_hooks.checkpoint.interval = 2
    config.default_hooks.ema.momentum = 0.3
    runner, states = train(config)
    return config, runner, states


@pytest.mark.slow
def test_averaged_weights_are_validated_saved_and_resumed(ema_run, shrunk, scalars):
    config, runner, states = ema_run
    folder = Path(config.work_dir)
    names = [name for name, value in states[0].items() if value.is_floating_point()]
    averages = {2: {name: states[1][name] for name in names}}
    for iteration, state in enumerate(states[2:], start=2):
        averages[iteration] = {
            name: 0.7 * averages[max(2, iteration - 1)][name] + 0.3 * state[name] for name in names
        }
    for iteration in (2, 4):
        checkpoint = load(folder / f'iter_{iteration}.pth')
        for name in names:
            torch.testing.assert_close(checkpoint['state_dict'][name], averages[iteration][name])
            assert (checkpoint['ema_state_dict'][f'module.{name}'] == states[iteration][name]).all()
    weight = 'decode_head.to_pixels.weight'
    assert not torch.equal(averages[4][weight], states[4][weight])

    # what was validated is what the checkpoint holds, without the hook
    plain = shrunk('ema', iterations=4)
    plain.default_hooks.pop('ema')
    plain.default_hooks.checkpoint.pop('save_best')
    plain.update(load_from=str(folder / 'iter_4.pth'), experiment_name='plain')
    score = ResumableRunner.from_cfg(plain).val()['mDice']
    validated = {line['step']: line['mDice'] for line in scalars(runner) if 'mDice' in line}
    assert score == pytest.approx(validated[4], abs=1e-7)

    # the best checkpoint holds the weights of the best validation
    (best,) = folder.glob('best_mDice_iter_*.pth')
    best_step = int(best.stem.rpartition('_')[2])
    assert validated[best_step] == max(validated.values())
    saved = load(best)['state_dict']
    assert all(
        torch.equal(saved[name], value)
        for name, value in load(folder / f'iter_{best_step}.pth')['state_dict'].items()
    )

    # resuming trains the plain weights on and goes on averaging
    again = shrunk('ema', iterations=5)
    again.default_hooks.ema.momentum = 0.3
    again.default_hooks.checkpoint.interval = 5
    again.update(resume=True, load_from=None, experiment_name='again')
    _, resumed = train(again)
    assert all(torch.equal(resumed[0][name], states[4][name]) for name in names)
    expected = 0.7 * averages[4][weight] + 0.3 * resumed[1][weight]
    torch.testing.assert_close(load(folder / 'iter_5.pth')['state_dict'][weight], expected)


@pytest.mark.slow
def test_gradients_are_accumulated_over_two_batches(shrunk):
    config = shrunk('gradient_accumulation', iterations=4)
    config.param_scheduler = []
    _, states = train(config)
    weight = 'decode_head.conv_seg.weight'
    changed = [not torch.equal(a[weight], b[weight]) for a, b in pairwise(states)]
    assert changed == [False, True, False, True]


def test_feature_maps_are_channels_last(shrunk):
    config = shrunk('channels_last')
    init_default_scope('mmseg')
    for expected in (True, False):
        config.model.channels_last = expected
        backbone = MODELS.build(config.model).backbone
        convolutions = [m for m in backbone.modules() if isinstance(m, nn.Conv2d)]
        kept = []
        for convolution in convolutions:
            convolution.register_forward_hook(lambda *values, kept=kept: kept.append(values[-1]))
        backbone(torch.rand(2, 3, 64, 64))
        wide = [x for x in kept if x.shape[1] > 1 and x.shape[2] > 1]
        assert len(wide) > 5
        orders = [x.is_contiguous(memory_format=torch.channels_last) for x in wide]
        assert all(orders) if expected else not any(orders)


def test_first_blocks_learn_slowest():
    init_default_scope('mmseg')
    config = Config.fromfile(ABLATIONS / 'layer_decay.py')
    drop_pretrained(config)
    model = MODELS.build(config.model)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    rate_of = {
        id(weight): group['lr'] for group in wrapper.param_groups for weight in group['params']
    }
    rates = {name: rate_of[id(weight)] for name, weight in model.named_parameters()}
    base = config.optim_wrapper.optimizer.lr  # the head learns ten times faster
    for name, power, factor in (
        ('backbone.patch_embed.projection.weight', 13, 1),  # 2 + 2 + 6 + 2 blocks follow
        ('backbone.stages.0.blocks.0.attn.w_msa.qkv.weight', 12, 1),
        ('backbone.stages.2.blocks.5.ffn.layers.1.weight', 3, 1),
        ('backbone.stages.2.downsample.reduction.weight', 3, 1),
        ('backbone.stages.3.blocks.1.norm1.weight', 1, 1),
        ('backbone.norm0.weight', 1, 1),
        ('decode_head.conv_seg.weight', 0, 10),
        ('auxiliary_head.conv_seg.bias', 0, 10),
    ):
        assert rates[name] == pytest.approx(base * factor * 0.9**power, rel=1e-6), name


def cosine(x):
    return (1 + math.cos(math.pi * x)) / 2


def restarts(i):
    begin, period = next((b, p) for b, p in ((850, 1150), (280, 570), (0, 280)) if i >= b)
    return 0.01 + 0.99 * cosine((i - begin) / period)


def cycles(i):
    cycle = min(i // 667, 2)
    place = i - 667 * cycle
    warm_up = min(1.0, 0.1 + 0.9 * place / 69)
    return (1.0, 0.67, 0.44)[cycle] * cosine(place / (667, 667, 666)[cycle]) * warm_up


def poly(i):
    if i < 150:
        return min(1.0, 0.1 + 0.9 * i / 149)
    return (1 - (i - 150) / 1849) ** 0.9  # the last iteration has nothing left


@pytest.mark.parametrize(
    ('name', 'factor'),
    [
        ('schedule_cosine_restarts', restarts),
        ('schedule_cycles', cycles),
        ('schedule_poly', poly),
    ],
)
def test_schedule_is_the_formula(name, factor):
    init_default_scope('mmseg')
    settings = Config.fromfile(ABLATIONS / f'{name}.py').param_scheduler
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedulers = [
        PARAM_SCHEDULERS.build(part, default_args=dict(optimizer=optimizer))
        for part in (settings if isinstance(settings, list) else [settings])
    ]
    rates = []
    for _ in range(2000):
        rates.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    expected = [2.0 * factor(i) for i in range(2000)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.slow
def test_plateau_halves_the_rate(shrunk, scalars):
    """With a rate of nothing the score stays, and the second validation without gain counts."""
    config = shrunk('schedule_plateau', iterations=8)
    config.optim_wrapper.optimizer.lr = 1e-12
    config.param_scheduler = [config.param_scheduler[1]]
    config.param_scheduler[0].eps = 0.0
    runner, _ = train(config)
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(5e-13)]


@pytest.mark.slow
def test_early_stopping_ends_the_training(shrunk, scalars):
    config = shrunk('early_stopping', iterations=20)
    config.default_hooks.early_stopping.update(patience=2, min_delta=0.5)
    runner, _ = train(config)
    assert runner.iter == 6  # validations at 2, 4 and 6: the first one is the best


def test_batches_without_a_loss_are_left_out():
    """The hook that stops elsewhere skips; the other hooks are those of the base."""
    base = Config.fromfile(ABLATIONS.parent / 'segformer_mit-b0_1024.py').default_hooks
    hooks = Config.fromfile(ABLATIONS / 'invalid_loss_skip.py').default_hooks
    assert [name for name in hooks if hooks[name] != base[name]] == ['invalid_loss']
    assert (base.invalid_loss.action, hooks.invalid_loss.action) == ('stop', 'skip')


@pytest.mark.slow
def test_load_of_the_machine_stands_beside_the_losses(shrunk, scalars):
    runner, _ = train(shrunk('system_load'))
    lines = [line for line in scalars(runner) if 'loss' in line]
    assert len(lines) == 2
    resident = psutil.Process().memory_info().rss / 1024**3
    total = psutil.virtual_memory().total / 1024**3
    for line in lines:
        assert 0 <= line['load/cpu'] <= 100
        assert resident * 0.5 < line['load/memory'] < total
        assert 0 < line['load/memory_left'] < total
        assert ('load/gpu_memory' in line) == torch.cuda.is_available()
