"""Killed, resumed, published and attacked, through the real tools."""

import os
import re
import signal
import time

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from safetensors import safe_open
from small_disk import fill_disk, mount_small_disk
from tool_process import REPOSITORY, Tool

from handbone.checkpoints import load_checkpoint_file
from handbone.cli.command import main

pytestmark = pytest.mark.slow


@pytest.fixture(params=['demo', 'segformer', 'upernet'])
def config(request, tiny_config, tmp_path):
    """The small configuration with two workers and six iterations, with three models.

    The second drops paths and channels, the third paths of blocks that are computed twice.
    """
    cfg = Config.fromfile(tiny_config)
    if request.param != 'demo':
        name = {'segformer': 'segformer_mit-b0_1024', 'upernet': 'upernet_swin-t_1536'}
        cfg.model = Config.fromfile(REPOSITORY / 'configs' / f'{name[request.param]}.py').model
        cfg.model.backbone.update(init_cfg=None, drop_path_rate=0.3, with_cp=False)
        cfg.model.test_cfg.threshold = 0.02
    if request.param == 'upernet':
        cfg.model.backbone.update(
            embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], with_cp=True
        )
        cfg.model.decode_head.update(in_channels=[16, 32, 64, 128], channels=64)
        cfg.model.auxiliary_head.update(in_channels=64, channels=64)
    changes = dict(
        train_dataloader=dict(num_workers=2, persistent_workers=True),
        train_cfg=dict(max_iters=6, val_interval=6),
    )
    cfg.merge_from_dict(changes)
    cfg.dump(tmp_path / 'survive.py')
    return tmp_path / 'survive.py'


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
    assert re.search(r'Continuing after iteration [24] from', out)
    expected, weights = weights_of(whole / 'iter_6.pth'), weights_of(killed / 'iter_6.pth')
    assert expected.keys() == weights.keys()
    for name, weight in expected.items():
        assert torch.equal(weight, weights[name]), name


@pytest.mark.parametrize('room', [0, 2**20])
def test_work_dir_on_a_full_disk(run_tool, tiny_config, tmp_path, room):
    """Full from the start, or when the first checkpoint comes, logs and all: one line says it."""
    with mount_small_disk(tmp_path / 'disk', '2m') as disk:
        if disk is None:
            pytest.skip('file systems cannot be mounted here')
        (disk / 'work').mkdir()
        fill_disk(disk, room)
        _, errors = run_tool('train.py', tiny_config, '--work-dir', disk / 'work', expected=1)
        assert [path.name for path in (disk / 'work').glob('*.pth*')] == []
    (line,) = [line for line in errors.splitlines() if line.startswith('error:')]
    assert 'No space left on device' in line and str(disk / 'work') in line
    assert 'Traceback' not in errors


def test_resume_without_the_pretrained_weights(run_tool, tiny_config, tmp_path):
    """On another machine, say: the checkpoint has all weights."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(tiny_config)
    pretrained = tmp_path / 'pretrained.pth'
    torch.save(MODELS.build(cfg.model.backbone).state_dict(), pretrained)
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(pretrained))
    cfg.dump(tmp_path / 'pretrained.py')
    command = ('train.py', tmp_path / 'pretrained.py', '--work-dir', tmp_path / 'work')
    run_tool(*command, '--cfg-options', 'train_cfg.max_iters=2')
    pretrained.unlink()
    out, _ = run_tool(*command, '--resume')
    assert 'Continuing after iteration 2' in out and (tmp_path / 'work' / 'iter_4.pth').is_file()
    _, errors = run_tool(*command[:3], tmp_path / 'new', '--resume', expected=1)
    assert 'pretrained.pth do not exist' in errors


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
    for name, arguments in (
        ('test', (tiny_config, path, *work_dir)),
        ('train', (tiny_config, '--resume', path, *work_dir)),
        ('train', (tiny_config, '--cfg-options', f'load_from={path}', *work_dir)),
        ('publish', (path,)),
    ):
        with pytest.raises(SystemExit):
            main([name, *map(str, arguments)])
        errors = capsys.readouterr().err
        assert re.search(rf'error: {path} holds Python objects \(\w+.system\)', errors)
        assert '--allow-pickle' in errors and 'Traceback' not in errors
        assert not trace.exists()
    run_tool('test.py', tiny_config, path, '--format-only', '--allow-pickle', *work_dir)
    assert trace.exists()
