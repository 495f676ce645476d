"""Killed and resumed, a run ends with the weights of the uninterrupted one, bit for bit."""

import pytest
import torch
from survive_run import make_config, same_weights, train_in_process


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Work dir, final weights and samples of the uninterrupted run."""
    work_dir = tmp_path_factory.mktemp('whole')
    return work_dir, *train_in_process(make_config(work_dir))


@pytest.mark.parametrize('iteration', [5, 6, 9])
def test_killed_between_checkpoints(whole, tmp_path, iteration):
    config = make_config(tmp_path)
    hooks = [*config.custom_hooks, dict(type='KillHook', iteration=iteration)]
    train_in_process(make_config(tmp_path, custom_hooks=hooks), expected=-9)
    assert not (tmp_path / 'iter_10.pth').exists()
    weights, shown = train_in_process(make_config(tmp_path, resume=True))
    assert same_weights(weights, whole[1])
    contents = [
        torch.load(folder / 'iter_10.pth', weights_only=True) for folder in (tmp_path, whole[0])
    ]
    assert same_weights(contents[0]['ema_state_dict'], contents[1]['ema_state_dict'])
    assert len(shown) < len(whole[2])
    assert shown[-1] == whole[2][-1]
