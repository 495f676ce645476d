"""The load of the machine is written down, and never ends a training."""

from types import SimpleNamespace

import torch
from mmengine.logging import MMLogger

from handbone.engine import SystemLoadHook


class NVMLError(Exception):
    """As pynvml's, which is no RuntimeError."""


def test_a_gpu_that_does_not_tell_its_load(monkeypatch):
    """As parts of a GPU do not."""
    asked = []
    runner = SimpleNamespace(logger=MMLogger.get_current_instance())

    def utilization():
        asked.append(1)
        raise NVMLError('Not Supported')

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (1e9, 4e9))
    monkeypatch.setattr(torch.cuda, 'utilization', utilization)
    hook = SystemLoadHook()
    for _ in range(2):
        load = hook._gpu(runner)
        assert load.keys() == {'gpu_memory'} and load['gpu_memory'] > 2
    assert len(asked) == 1
