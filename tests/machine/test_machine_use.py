"""What is told of a machine, whatever its GPUs do not tell, and what is not told of others."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from handbone.machine.graphics_cards import GraphicsCard, graphics_cards
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
