"""What is told of a machine, whatever its GPUs do not tell, and what is not told of others."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from handbone.errors import HandboneError
from handbone.machine.graphics_cards import GraphicsCard, check_cards, graphics_cards, usable_cards
from handbone.machine.use import _command, card_text, machine_use


@pytest.fixture
def library(monkeypatch):
    """NVIDIA's library with two GPUs that tell nothing but that they are there."""
    library = ModuleType('pynvml')
    library.NVMLError = type('NVMLError', (Exception,), {})

    def refuse(_):
        raise library.NVMLError

    library.nvmlInit = library.nvmlShutdown = lambda: None
    library.nvmlDeviceGetCount = lambda: 2
    library.nvmlDeviceGetHandleByIndex = lambda index: index
    for what in ('Name', 'MemoryInfo', 'UtilizationRates', 'ComputeRunningProcesses'):
        setattr(library, f'nvmlDeviceGet{what}', refuse)
    monkeypatch.setitem(sys.modules, 'pynvml', library)
    return library


def test_gpus_that_do_not_answer(library):
    assert graphics_cards() == [GraphicsCard(n, '', None, None, None, ()) for n in (0, 1)]
    assert machine_use().row()['GPUs'] == '0: ?; 1: ?'

    def lost(index):
        raise library.NVMLError

    library.nvmlDeviceGetHandleByIndex = lost
    assert len(graphics_cards()) == 2


def test_a_gpu_that_shares_the_memory_of_the_machine(library):
    library.nvmlDeviceGetName = lambda handle: 'GB10'
    library.nvmlDeviceGetUtilizationRates = lambda handle: SimpleNamespace(gpu=97)
    card = graphics_cards()[0]
    assert (card.name, card.busy, card.used, card.total) == ('GB10', 97.0, None, None)
    assert card_text(card) == '0: 97 %'


def test_a_gpu_that_tells_everything():
    assert card_text(GraphicsCard(1, 'H200', 97.0, 61.2, 80.0, ())) == '1: 97 %, 61 of 80 GB'


def test_gpus_that_are_not_there_are_one_line(library, monkeypatch):
    monkeypatch.setattr(torch.backends.cuda, 'is_built', lambda: True)
    check_cards(['1', '0', '1', None])
    with pytest.raises(HandboneError, match=r'^there is no GPU 9; name some of these: 0, 1$'):
        check_cards(['0', '9'])
    # a library for CPUs alone trains there, whatever the machine has
    monkeypatch.setattr(torch.backends.cuda, 'is_built', lambda: False)
    check_cards([None])
    with pytest.raises(HandboneError, match=r'^there is no GPU 0: PyTorch can use none here'):
        check_cards(['0'])
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    assert usable_cards() == []


@pytest.mark.parametrize(
    ('visible', 'count', 'present'),
    [(None, 2, ['0', '1']), ('3,5', 2, ['3', '5']), ('3,9,5', 1, ['3']), ('', 0, [])],
)
def test_without_nvidias_library_pytorch_tells_the_gpus(monkeypatch, visible, count, present):
    monkeypatch.setitem(sys.modules, 'pynvml', None)
    monkeypatch.setattr(torch.backends.cuda, 'is_built', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    check_cards(present)
    with pytest.raises(HandboneError, match='there is no GPU 9'):
        check_cards([*present, '9'])


@pytest.mark.parametrize(
    ('words', 'shown'),
    [
        ('/usr/bin/python3 -u /home/anna/fit.py --key hf_secret', 'fit.py'),
        ('/opt/python3.11 -c login("secret")', 'python3.11'),
        ('/usr/bin/blender -psecret', 'blender'),
        ('python tools/train.py configs/demo.py', 'train.py configs/demo.py'),
        (
            'handbone send-tracking w --tracking-uri http://anna:secret@mlflow/x',
            'handbone send-tracking w --tracking-uri http://…@mlflow/x',
        ),
        ('', '?'),
    ],
)
def test_what_follows_the_name_of_another_program_is_not_told(words, shown):
    assert _command(words.split()) == shown
