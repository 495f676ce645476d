"""A tiny training, shared by the tests of checkpoints."""

from pathlib import Path

import pytest

from handbone.apis.training import train
from tests.compatibility.tiny_training import make_config, write_data

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory):
    """Data of the tiny training. Only to be read."""
    root = tmp_path_factory.mktemp('tiny_data')
    write_data(root)
    return root


@pytest.fixture
def tiny(tiny_data, tmp_path):
    """Makes configurations of the tiny training."""

    def make(**changes):
        return make_config(tiny_data, tmp_path / 'work', CONFIGS, **changes)

    return make


@pytest.fixture(scope='session')
def tiny_work_dir(tiny_data, tmp_path_factory):
    """The work dir of the tiny training. Only to be read."""
    work_dir = tmp_path_factory.mktemp('tiny') / 'work'
    train(make_config(tiny_data, work_dir, CONFIGS))
    return work_dir
