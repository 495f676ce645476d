"""A hostile checkpoint does not run, wherever it is loaded."""

import os
import pickle
import shutil
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, load_checkpoint
from mmseg.models.backbones import ResNet
from survive_run import make_config, train, train_in_process
from torch import nn

from handbone.checkpoints import (
    CheckpointError,
    load_checkpoint_file,
    newest_checkpoint,
    unpickling,
)
from handbone.checkpoints.checkpoint_file import check_checkpoint_file
from handbone.checkpoints.download import PretrainedWeightsError


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


@pytest.fixture
def bomb(tmp_path):
    trace = tmp_path / 'it ran'.replace(' ', '_')
    torch.save(dict(state_dict=dict(weight=torch.ones(2)), bomb=Bomb(trace)), tmp_path / 'bomb.pth')
    return tmp_path / 'bomb.pth', trace


def test_the_bomb_works(bomb):
    """Without protection it runs; else the tests below would prove nothing."""
    torch.load(bomb[0], weights_only=False)
    assert bomb[1].exists()


def test_refused_by_every_way_in(bomb):
    path, trace = bomb
    ways = [
        load_checkpoint_file,
        CheckpointLoader.load_checkpoint,
        lambda name: load_checkpoint(nn.Linear(1, 2), name),
        lambda name: ResNet(18, init_cfg=dict(type='Pretrained', checkpoint=name)).init_weights(),
        lambda name: ResNet(18, pretrained=name).init_weights(),
        lambda name: train(make_config(path.parent / 'work', load_from=name)),
        lambda name: train(make_config(path.parent / 'work', load_from=name, resume=True)),
    ]
    for way in ways:
        with pytest.raises(CheckpointError, match=r'\((posix|nt)\.system\).*--allow-pickle'):
            way(str(path))
    assert not trace.exists()
    with pytest.raises(CheckpointError, match='no checkpoint that can be read'):
        newest_checkpoint(path.parent)
    assert not trace.exists()


def test_allowed_on_demand(bomb):
    with unpickling(True):
        assert load_checkpoint_file(bomb[0])['state_dict']['weight'].sum() == 2
    assert bomb[1].exists()
    with pytest.raises(CheckpointError):
        load_checkpoint_file(bomb[0])


@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_pickles_of_old_kinds_are_refused(bomb, tmp_path, protocol):
    path = tmp_path / 'old.pth'
    torch.save(Bomb(bomb[1]), path, _use_new_zipfile_serialization=False)
    bare = tmp_path / 'bare.pth'
    bare.write_bytes(pickle.dumps(Bomb(bomb[1]), protocol))
    for each in (path, bare):
        with pytest.raises(CheckpointError):
            load_checkpoint_file(each)
    assert not bomb[1].exists()


@pytest.mark.parametrize('mmap', [False, True])
def test_weights_in_the_format_before_pytorch_1_6(tmp_path, mmap):
    """They hold nothing that runs, so they are read."""
    content = dict(state_dict=dict(weight=torch.arange(3.0)), meta=dict(epoch=2))
    torch.save(content, tmp_path / 'old.pth', _use_new_zipfile_serialization=False)
    read = load_checkpoint_file(tmp_path / 'old.pth', mmap=mmap)
    assert torch.equal(read['state_dict']['weight'], torch.arange(3.0))
    assert read['meta']['epoch'] == 2


def test_addresses_are_left_to_the_loaders(tmp_path):
    check_checkpoint_file('https://example.org/model.pth')
    with pytest.raises(FileNotFoundError):
        check_checkpoint_file(tmp_path / 'model.pth')


def test_getattr_does_nothing_but_name_statistics(tmp_path):
    class Reach:
        def __reduce__(self):
            return getattr, (OrderedDict, '__init__')

    torch.save(dict(state_dict={}, reach=Reach()), tmp_path / 'reach.pth')
    with pytest.raises(CheckpointError):
        load_checkpoint_file(tmp_path / 'reach.pth')


def test_addresses(bomb, monkeypatch, tmp_path):
    """What comes from the network is read in the same way."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', lambda url, to: shutil.copy(bomb[0], to))
    for name in ('https://example.com/a.pth', 'http://example.com/b.pth'):
        with pytest.raises(CheckpointError, match='--allow-pickle'):
            CheckpointLoader.load_checkpoint(name)
    # not even opened: its name has the hash of the true one
    with pytest.raises(PretrainedWeightsError, match='resnet50_v1c-.*damaged or another file'):
        CheckpointLoader.load_checkpoint('open-mmlab://resnet50_v1c')
    with pytest.raises(CheckpointError, match='not a model in the zoo'):
        CheckpointLoader.load_checkpoint('open-mmlab://nothing')

    def fail(*_):
        raise TimeoutError('no answer')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(PretrainedWeightsError, match='no answer'):
        CheckpointLoader.load_checkpoint('https://example.com/c.pth')
    assert not bomb[1].exists()


def test_no_other_loader_is_left():
    """Every prefix that mmengine knows leads to a loader of ours."""
    modules = {loader.__module__ for loader in CheckpointLoader._schemes.values()}
    assert modules == {'handbone.checkpoints.loading'}


@pytest.mark.parametrize('place', ['config', 'cfg', 'hub'])
def test_text_of_a_config_is_not_evaluated(tmp_path, place):
    """mmengine evaluates ``meta['config']`` on resuming."""
    config = make_config(tmp_path, train_cfg=dict(max_iters=2))
    train_in_process(config)
    content = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    trace = tmp_path / 'ran'
    text = f'import os\nos.system("touch {trace}")\n'
    if place == 'hub':
        content['message_hub']['runtime_info']['cfg'] = text
        content['message_hub']['resumed_keys']['cfg'] = True
    else:
        content['meta'][place] = text
    torch.save(content, tmp_path / 'iter_2.pth')
    if place == 'config':
        Config.fromstring(text, '.py')
        assert trace.exists()
        trace.unlink()
    assert not {'config', 'cfg'} & load_checkpoint_file(tmp_path / 'iter_2.pth')['meta'].keys()
    train_in_process(make_config(tmp_path, resume=True))
    assert not trace.exists()


def test_checkpoints_of_stock_mmengine_are_read(tmp_path):
    """With histories of losses and numbers of NumPy, without any option."""
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    content = dict(
        meta=dict(iter=np.int64(4), epoch=0),
        state_dict=OrderedDict(weight=torch.ones(1)),
        message_hub=dict(
            log_scalars=OrderedDict(loss=buffer),
            runtime_info=OrderedDict(best_score=np.float64(0.5), mask=np.ones(2, bool)),
            resumed_keys=OrderedDict(loss=True),
        ),
    )
    torch.save(content, tmp_path / 'stock.pth')
    read = load_checkpoint_file(tmp_path / 'stock.pth')
    assert read['meta']['iter'] == 4
    loss = read['message_hub']['log_scalars']['loss']
    assert isinstance(loss, HistoryBuffer)
    assert loss.mean() == 2 and loss.current() == 3
    assert read['message_hub']['runtime_info']['best_score'] == 0.5


def test_our_checkpoints_need_nothing_special(tmp_path):
    """PyTorch's own loader of weights reads them without any list of what is allowed."""
    train_in_process(make_config(tmp_path, train_cfg=dict(max_iters=4)))
    for path in tmp_path.glob('*.pth'):
        content = torch.load(path, weights_only=True)
        assert content['meta']['dataset_meta']['classes'] == ('a', 'b')
        assert not torch.serialization.get_unsafe_globals_in_checkpoint(path)


def test_damaged_files(tmp_path):
    path = tmp_path / 'whole.pth'
    torch.save(dict(state_dict=dict(weight=torch.rand(5000)), meta=dict(iter=1)), path)
    whole = path.read_bytes()
    for content in (whole[:-1000], whole[: len(whole) // 2], whole[:1], b'', b'<!DOCTYPE html>'):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match='cut off, damaged or not a checkpoint'):
            load_checkpoint_file(path)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match='holds a list'):
        load_checkpoint_file(path)
