"""Killed, resumed, published and attacked, through the real tools."""

import os
import re
import signal
import time

import pytest
import torch
from mmengine.config import Config
from safetensors import safe_open
from tool_process import Tool

from handbone.apis import publishing, testing, training
from handbone.engine.checkpoints import load_checkpoint_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def config(tiny_config, tmp_path_factory):
    """The small configuration with two workers and six iterations."""
    path = tmp_path_factory.mktemp('survive') / 'survive.py'
    path.write_text(f"""
_base_ = ['{tiny_config}']
train_dataloader = dict(num_workers=2, persistent_workers=True)
train_cfg = dict(max_iters=6, val_interval=6)
""")
    return path


def weights_of(path):
    return torch.load(path, weights_only=True)['state_dict']


def test_kill_and_resume(run_tool, config, tmp_path):
    """kill -9 in the middle, then --resume: the weights of the uninterrupted run."""
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    run_tool('train.py', config, '--work-dir', whole)
    tool = Tool('train.py', config, '--work-dir', killed)
    while not (killed / 'iter_2.pth').exists() and tool.process.poll() is None:
        time.sleep(0.01)
    os.killpg(tool.process.pid, signal.SIGKILL)
    tool.finish(-9)
    assert not (killed / 'iter_6.pth').exists()
    out, _ = run_tool('train.py', config, '--work-dir', killed, '--resume')
    assert re.search(r'resumed epoch: 0, iter: [24]', out)
    expected, weights = weights_of(whole / 'iter_6.pth'), weights_of(killed / 'iter_6.pth')
    assert expected.keys() == weights.keys()
    for name, weight in expected.items():
        assert torch.equal(weight, weights[name]), name


def test_published_weights(run_tool, tiny_config, checkpoint, tested, tmp_path):
    """The same masks from the published file, byte for byte."""
    shared = tmp_path / 'shared.safetensors'
    out, _ = run_tool('publish_model.py', checkpoint, '--out', shared)
    assert out == f'{shared}\n'
    with safe_open(shared, 'pt') as file:
        metadata = file.metadata()
    assert metadata['thresholds'] == '0.02' and 'finger-1' in metadata['classes']
    assert Config.fromstring(metadata['config'], '.py').model.test_cfg.threshold == 0.02
    run_tool(
        'test.py',
        tiny_config,
        shared,
        *('--format-only', '--out', tmp_path / 'masks.csv', '--work-dir', tmp_path / 'work'),
    )
    assert (tmp_path / 'masks.csv').read_bytes() == (tested[0] / 'masks.csv').read_bytes()


class Bomb:
    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


def test_hostile_checkpoint(run_tool, tiny_config, checkpoint, tmp_path, capsys, monkeypatch):
    """Every tool refuses it in one line; test.py runs it where it is told to."""
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    trace, path = tmp_path / 'ran', tmp_path / 'hostile.pth'
    content = load_checkpoint_file(checkpoint)
    torch.save(content | dict(bomb=Bomb(trace)), path)
    work_dir = ('--work-dir', tmp_path / 'work')
    for main, arguments in (
        (testing.main, (tiny_config, path, *work_dir)),
        (training.main, (tiny_config, '--resume', path, *work_dir)),
        (training.main, (tiny_config, '--cfg-options', f'load_from={path}', *work_dir)),
        (publishing.main, (path,)),
    ):
        with pytest.raises(SystemExit):
            main([str(argument) for argument in arguments])
        errors = capsys.readouterr().err
        assert re.search(rf'error: {path} holds Python objects \(\w+.system\)', errors)
        assert '--allow-pickle' in errors and 'Traceback' not in errors
        assert not trace.exists()
    run_tool('test.py', tiny_config, path, '--format-only', '--allow-pickle', *work_dir)
    assert trace.exists()
