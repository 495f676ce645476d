"""Where `--allow-pickle` reaches: all commands that read checkpoints, and their processes."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch

from handbone.apis import fold_training
from handbone.checkpoints.trust import unpickling, unpickling_allowed
from handbone.cli import command
from handbone.configuration.shipped import config_path
from handbone.viewer.model_process import Model, ModelEndedError, ModelProcess

READING = {
    'train': ('a.py',),
    'test': ('a.py', 'a.pth'),
    'predict': ('a.py', 'a.pth', 'images'),
    'export': ('a.py', 'a.pth', '--out', 'a.onnx'),
    'publish': ('a.pth',),
    'soup': ('a.py', 'a.pth', 'b.pth', '--out', 'c.pth'),
    'join': ('a.py', 'a.pth', 'b.pth', '--out', 'c.pth'),
    'soft-vote': ('--model', 'a.py', 'a.pth'),
    'pseudo-label': ('images', '--out-dir', 'labels'),
    'train-folds': ('a.py', '--work-dir', 'folds'),
    'test-folds': ('a.py', 'folds', '--out', 'a.csv'),
    'find-best': ('folds',),
    'tune-thresholds': ('a.py', 'a.pth'),
    'predict-archive': ('a.py', 'a.pth', 'images', '--out-dir', 'archive'),
    'search': ('a.py', 'space.yaml'),
    'view': ('data', '--model', 'a.py', 'a.pth'),
}


@pytest.mark.parametrize('name', READING)
def test_the_option_holds_for_all_that_a_command_does(name, monkeypatch):
    """Also where a function below it asks again, with a config that does not say so."""
    seen = []

    def run(args):
        with unpickling(False):
            seen.append(unpickling_allowed())

    module = command._module(name)
    stand_in = SimpleNamespace(add_arguments=module.add_arguments, run=run)
    monkeypatch.setattr(command, '_module', lambda _: stand_in)
    command.main([name, *READING[name], '--allow-pickle'])
    command.main([name, *READING[name]])
    assert seen == [True, False]
    assert not unpickling_allowed()


def test_trainings_of_folds_get_it(monkeypatch, tmp_path):
    got = []
    monkeypatch.setattr(signal, 'signal', lambda *_: None)
    monkeypatch.setattr(
        fold_training.FoldTraining, 'train', lambda self, *_: got.append(self.arguments)
    )
    words = ['train-folds', 'a.py', '--work-dir', str(tmp_path), '--from-scratch']
    command.main([*words, '--allow-pickle'])
    command.main(words)
    assert got == [['--from-scratch', '--allow-pickle'], ['--from-scratch']]


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


@pytest.mark.slow
def test_the_process_of_a_model_gets_it(tmp_path):
    """It reads the checkpoint, which then does not fit."""
    trace, path = tmp_path / 'ran', tmp_path / 'model.pth'
    torch.save(dict(state_dict=dict(weight=torch.ones(2)), bomb=Bomb(trace)), path)
    with unpickling(True):
        process = ModelProcess(Model(config_path('demo'), path, 'cpu'))
    process.start()
    with pytest.raises(ModelEndedError, match='does not fit'):
        process.predict(tmp_path / 'image.png')
    process.close()
    assert trace.exists()
