"""handbone search as a user runs it, and killed as the system does."""

import csv
import os
import signal
import time

import pytest
from tool_process import REPOSITORY
from warm_process import WarmProcess

pytestmark = pytest.mark.slow

RATE = 'optim_wrapper.optimizer.lr'
OPTIONS = ('--cfg-options', 'train_cfg.max_iters=4', 'default_hooks.checkpoint.interval=1')


def rows(folder):
    with (folder / 'trials.csv').open() as file:
        return list(csv.DictReader(file))


def wait_until(true, process, seconds=200):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)


@pytest.fixture
def start(tiny_config, tmp_path):
    """Start the command; returns the process and the file of its output."""
    space = tmp_path / 'rate.yaml'
    space.write_text(f'{RATE}: {{low: 1e-3, high: 1e-2, log: true}}\n')

    def start(*words):
        command = [REPOSITORY / 'handbone_command.py', 'search', tiny_config, space]
        command += ['--work-dir', tmp_path / 's', *words, *OPTIONS]
        environment = os.environ | dict(PYTHONPATH=str(REPOSITORY), OMP_NUM_THREADS='1')
        output = (tmp_path / 'output').open('w+')
        return WarmProcess(command, output, output, environment), output

    return start


def test_a_killed_search_loses_nothing(start, tmp_path):
    pytest.importorskip('optuna')
    folder = tmp_path / 's'
    process, _ = start('--trials', 2)
    # the second trial has saved a checkpoint
    wait_until((folder / 'trial_0001' / 'iter_1.pth').exists, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process, output = start('--trials', 2)
    assert process.wait(200) == 0
    output.seek(0)
    printed = output.read()
    assert 'trial 1 continues: ' in printed and 'trial 0' not in printed.split('best')[0]
    first, second = rows(folder)
    assert (first['state'], second['state']) == ('complete', 'complete')
    assert 'Continuing after iteration' in (folder / 'trial_0001' / 'output.txt').read_text()
    assert 'train it with `handbone train' in printed
    assert f'_base_.{RATE} = ' in (folder / 'best.py').read_text()
