"""A loss that is no number stops the run or leaves the batch out, and names the images."""

import pytest
import torch
from mmengine.hooks import Hook
from survive_run import make_config, same_weights, train, train_in_process

from handbone.engine import ResumableRunner


def config_of(work_dir, action, invalid, **changes):
    config = make_config(work_dir, model=dict(invalid=invalid), **changes)
    config.custom_hooks = [dict(type='InvalidLossHook', action=action, max_skips=3)]
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint.save_best = None
    return config


def test_stop(tmp_path):
    with pytest.raises(ValueError, match='iteration') as caught:
        train(config_of(tmp_path, 'stop', ['image2.png']))
    text = str(caught.value)
    step = int(text.split()[1].rstrip(':'))
    assert 'loss is nan on' in text and 'image2.png' in text and "action='skip'" in text
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


def test_too_many_in_a_row(tmp_path):
    everything = [f'image{index}.png' for index in range(7)]
    with pytest.raises(ValueError, match=r'3 batches in a row'):
        train(config_of(tmp_path, 'skip', everything))


def test_unknown_action(tmp_path):
    with pytest.raises(ValueError, match="'stop' or 'skip', got 'ignore'"):
        ResumableRunner.from_cfg(config_of(tmp_path, 'ignore', []))
