"""Searches whose trainings take a moment: a stand-in that reports scores as a training would."""

import sys
from pathlib import Path

import pytest
from reported_scores import RATE

sys.path.append(str(Path(__file__).parents[1] / 'compatibility'))
from tiny_training import make_config, write_data  # noqa: E402

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def stand_in(monkeypatch):
    """Replace the training by a function of the config."""
    pytest.importorskip('optuna')
    from handbone.apis import searching, trial_process
    from handbone.machine import graphics_cards

    monkeypatch.setattr(graphics_cards, 'trainable_cards', lambda: [*'012345'])

    def use(training):
        monkeypatch.setattr(trial_process, 'train', training)
        return searching.Search

    return use


@pytest.fixture(scope='session')
def tiny(tmp_path_factory):
    """A config file of a training of six iterations on eight images."""
    folder = tmp_path_factory.mktemp('tiny')
    write_data(folder / 'data')
    cfg = make_config(folder / 'data', '', REPOSITORY / 'configs')
    cfg.work_dir = None
    cfg.dump(folder / 'tiny.py')
    return folder / 'tiny.py'


@pytest.fixture
def rate_space(tmp_path):
    """A space of one learning rate."""
    path = tmp_path / 'rate.yaml'
    path.write_text(f'{RATE}: {{low: 1e-4, high: 1e-1, log: true}}\n')
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a process for each trial as slow."""
    for item in items:
        if 'stand_in' in getattr(item, 'fixturenames', ()):
            item.add_marker(pytest.mark.slow)
