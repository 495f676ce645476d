"""What depends on the hardware and on who started the processes."""

import pytest
import torch
from mmengine.config import Config

from handbone.engine.launch import adapt_to_hardware, process_group, use_gpu


@pytest.fixture
def gpus(monkeypatch):
    def pretend(available):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: available)

    return pretend


def test_one_process_changes_nothing(gpus):
    for available in (False, True):
        gpus(available)
        cfg = Config(dict(launcher='none', custom_hooks=[]))
        adapt_to_hardware(cfg)
        assert cfg.to_dict() == dict(launcher='none', custom_hooks=[])
        with process_group('none'):
            assert not torch.distributed.is_initialized()


def test_several_processes_without_gpus(gpus):
    gpus(False)
    cfg = Config(dict(launcher='pytorch', find_unused_parameters=True))
    adapt_to_hardware(cfg)
    assert cfg.model_wrapper_cfg.device_ids is None
    assert cfg.model_wrapper_cfg.find_unused_parameters is True
    assert cfg.custom_hooks == [dict(type='BroadcastBuffersHook')]
    assert 'sync_bn' not in cfg


def test_several_gpus(gpus):
    gpus(True)
    cfg = Config(dict(launcher='pytorch'))
    adapt_to_hardware(cfg)
    assert cfg.to_dict() == dict(launcher='pytorch', sync_bn='torch')
    cfg = Config(dict(launcher='slurm', sync_bn=None))
    adapt_to_hardware(cfg)
    assert cfg.sync_bn is None
    assert cfg.custom_hooks == [dict(type='BroadcastBuffersHook')]


def test_what_a_gpu_gains_from(gpus, monkeypatch):
    chosen = []
    monkeypatch.setattr(torch, 'set_float32_matmul_precision', chosen.append)
    for available in (False, True):
        gpus(available)
        cfg = Config(dict(train_dataloader={}))
        own = Config(dict(train_dataloader=dict(pin_memory=False)))
        for each in (cfg, own):
            use_gpu(each)
        assert cfg.train_dataloader.get('pin_memory', False) is available
        assert own.train_dataloader.get('pin_memory', False) is False
    assert chosen == ['high', 'high']


def test_group_lasts_as_long_as_the_run(gpus, monkeypatch, tmp_path):
    gpus(False)
    for variable, value in (('RANK', '0'), ('WORLD_SIZE', '1'), ('MASTER_ADDR', '127.0.0.1')):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv('MASTER_PORT', '0')
    with process_group('pytorch'):
        assert torch.distributed.get_backend() == 'gloo'
    assert not torch.distributed.is_initialized()
    with pytest.raises(ZeroDivisionError), process_group('pytorch'):
        raise ZeroDivisionError
    assert not torch.distributed.is_initialized()


def test_slurm_without_the_first_node(gpus, monkeypatch):
    gpus(False)
    for name in ('PROCID', 'NTASKS', 'LOCALID'):
        monkeypatch.setenv(f'SLURM_{name}', '1')
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_PORT'):
        monkeypatch.setenv(name, 'to be put back after the test')
    monkeypatch.delenv('MASTER_ADDR', raising=False)
    with pytest.raises(ValueError, match='set MASTER_ADDR'), process_group('slurm'):
        pass
