"""A loss that is no number stops the run or leaves the batch out, and names the images."""

import pytest
import torch
from mmengine.hooks import Hook
from survive_run import (
    make_config,
    same_weights,
    train,
    train_in_process,
    train_in_two_processes,
)

from handbone.engine import ResumableRunner

pytestmark = pytest.mark.slow


def config_of(work_dir, action, invalid, model=None, **changes):
    config = make_config(work_dir, model=dict(invalid=invalid) | (model or {}), **changes)
    config.custom_hooks = [dict(type='InvalidLossHook', action=action, max_skips=3)]
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint.save_best = None
    return config


def test_stop(tmp_path):
    with pytest.raises(ValueError, match='iteration') as caught:
        train(config_of(tmp_path, 'stop', ['image2.png']))
    text = str(caught.value)
    step = int(text.split()[1].rstrip(':'))
    assert 'loss is nan on' in text and 'image2.png' in text and 'invalid_loss.action=skip' in text
    assert 'learning rate' in text
    # no checkpoint holds spoilt weights
    written = list(tmp_path.glob('iter_*.pth'))
    assert len(written) == min(2, (step - 1) // 2)
    for path in written:
        state = torch.load(path, weights_only=True)['state_dict']
        assert all(torch.isfinite(weight).all() for weight in state.values())


def test_skip(tmp_path, capfd):
    config = config_of(tmp_path, 'skip', ['image2.png'])
    weights, shown = train_in_process(config)
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    spoilt = [batch for batch in shown if 'image2.png' in dict(batch)]
    assert 0 < len(spoilt) < 5
    written = capfd.readouterr().out
    assert written.count('The batch is left out') == len(spoilt)
    content = torch.load(tmp_path / 'iter_10.pth', weights_only=True)
    steps = {int(entry['step']) for entry in content['optimizer']['state'].values()}
    assert steps == {len(shown) - len(spoilt)}
    losses = content['message_hub']['log_scalars']['train/loss']['values']
    assert torch.isfinite(losses).all() and len(losses) == len(shown) - len(spoilt)


def test_a_skipped_batch_changes_nothing(tmp_path):
    """Weights, moments and BatchNorm's statistics after it are those before it."""
    states = {}

    class Watch(Hook):
        def before_train_iter(self, runner, *_, **__):
            states['before'] = {k: v.clone() for k, v in runner.model.state_dict().items()}

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            after = runner.model.state_dict()
            names = {sample.img_path for sample in data_batch['data_samples']}
            states[runner.iter] = ('image2.png' in names, same_weights(states['before'], after))

    runner = ResumableRunner.from_cfg(config_of(tmp_path, 'skip', ['image2.png']))
    runner.register_hook(Watch(), 'LOWEST')
    runner.train()
    del states['before']
    assert len(states) == 10
    assert all(spoilt == unchanged for spoilt, unchanged in states.values())
    assert any(spoilt for spoilt, _ in states.values())


CLIPPING = [None, dict(max_norm=1.0), dict(type='value', clip_value=1.0)]


@pytest.mark.parametrize('clip_grad', CLIPPING)
def test_stop_at_a_gradient(tmp_path, clip_grad):
    """The loss is a number still; the step is not taken, and no checkpoint has it."""
    config = config_of(tmp_path, 'stop', [], model=dict(steep=['image2.png']))
    config.optim_wrapper.clip_grad = clip_grad
    config.default_hooks.checkpoint.interval = 1
    runner = ResumableRunner.from_cfg(config)
    with pytest.raises(ValueError, match=r'a gradient is not finite on .*image2.png'):
        runner.train()
    assert all(torch.isfinite(weight).all() for weight in runner.model.state_dict().values())
    assert not (tmp_path / f'iter_{runner.iter + 1}.pth').exists()


@pytest.mark.parametrize('clip_grad', CLIPPING)
def test_skip_keeps_the_log_clean(tmp_path, clip_grad):
    for kind in ('invalid', 'steep'):
        config = config_of(tmp_path / kind, 'skip', [], model={kind: ['image2.png']})
        config.optim_wrapper.clip_grad = clip_grad
        weights, shown = train_in_process(config)
        assert all(torch.isfinite(weight).all() for weight in weights.values())
        taken = sum('image2.png' not in dict(batch) for batch in shown)
        assert 5 < taken < 10
        content = torch.load(tmp_path / kind / 'iter_10.pth', weights_only=True)
        logged = content['message_hub']['log_scalars']
        names = ['train/loss'] + ['train/grad_norm'] * ('max_norm' in (clip_grad or {}))
        for name in names:
            assert len(logged[name]['values']) == taken, name
            assert torch.isfinite(logged[name]['values']).all(), name


@pytest.mark.parametrize(('kind', 'images'), [('invalid', 2), ('steep', 4)])
def test_skip_with_accumulated_gradients(tmp_path, capfd, kind, images):
    """A loss is of its batch, a gradient of all batches in the sum; each is blamed once."""
    changes = {'optim_wrapper.accumulative_counts': 2}
    config = config_of(tmp_path, 'skip', [], model={kind: ['image2.png']}, **changes)
    _, shown = train_in_process(config)
    spoilt = ['image2.png' in dict(batch) for batch in shown]
    pairs = [any(spoilt[first : first + 2]) for first in range(0, 10, 2)]
    log = capfd.readouterr().out
    lines = [line for line in log.splitlines() if 'The batch is left out' in line]
    assert len(lines) == sum(spoilt if kind == 'invalid' else pairs) > 0
    for line in lines:
        assert 'image2.png' in line and line.count('.png') == images
    content = torch.load(tmp_path / 'iter_10.pth', weights_only=True)
    steps = {int(entry['step']) for entry in content['optimizer']['state'].values()}
    assert steps == {5 - sum(pairs)}


def test_overflow_of_a_scaled_loss_is_left_to_the_scaler(tmp_path):
    """Fused optimizers are stepped all the same and leave the step out themselves."""
    wrapper = dict(type='ScaledOptimWrapper', optimizer=dict(type='AdamW', lr=0.01, fused=True))
    config = config_of(tmp_path, 'stop', [])
    config.optim_wrapper = wrapper
    weights, shown = train_in_process(config)
    assert len(shown) == 10
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    content = torch.load(tmp_path / 'iter_10.pth', weights_only=True)
    assert content['optimizer']['loss_scaler']['scale'] < 2.0**126  # it grew and was lowered


@pytest.mark.parametrize(('kind', 'images'), [('invalid', 2), ('steep', 4)])
def test_two_processes_skip_together(tmp_path, capfd, kind, images):
    """Only the batch of the process whose loss is no number is blamed; of gradients all are."""
    model = {kind: ['image2.png'], 'rank': 1}
    config = config_of(tmp_path / 'work', 'skip', [], model=model)
    assert train_in_two_processes(config, tmp_path / 'rendezvous') == [0, 0]
    log = capfd.readouterr().out
    lines = [line for line in log.splitlines() if 'The batch is left out' in line]
    assert lines
    for line in lines:
        assert 'image2.png' in line and line.count('.png') == images
    content = torch.load(tmp_path / 'work' / 'iter_10.pth', weights_only=True)
    assert all(torch.isfinite(weight).all() for weight in content['state_dict'].values())
    steps = {int(entry['step']) for entry in content['optimizer']['state'].values()}
    assert steps == {10 - len(lines)}


def test_two_processes_stop_together(tmp_path, capfd):
    config = config_of(tmp_path / 'work', 'stop', [], model=dict(invalid=['image2.png'], rank=1))
    assert train_in_two_processes(config, tmp_path / 'rendezvous') == [1, 1]
    errors = [
        line for line in capfd.readouterr().err.splitlines() if line.startswith('handbone.errors')
    ]
    assert len(errors) == 2
    for error in errors:
        assert 'loss is nan' in error and 'image2.png' in error and error.count('.png') == 2


def test_too_many_in_a_row(tmp_path):
    everything = [f'image{index}.png' for index in range(7)]
    with pytest.raises(ValueError, match=r'3 batches in a row'):
        train(config_of(tmp_path, 'skip', everything))


def test_unknown_action(tmp_path):
    with pytest.raises(ValueError, match="'stop' or 'skip', got 'ignore'"):
        ResumableRunner.from_cfg(config_of(tmp_path, 'ignore', []))
