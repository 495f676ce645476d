"""The command that writes phantoms."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handbone.cli.command import main

TOOL = Path(__file__).parents[2] / 'tools' / 'make_phantom.py'


def call(*arguments):
    main(['make-phantom', *map(str, arguments)])


def start(*arguments):
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment, preexec_fn=_interruptible
    )


def _interruptible():
    """Programs that a shell runs in the background ignore the interrupt, and so would the tool."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_writes_wild_phantoms(tmp_path, capsys):
    call(tmp_path, '--train', 2, '--test', 0, '--size', 256, '--preset', 'wild')
    assert '2 images written' in capsys.readouterr().out
    assert '"film"' in (tmp_path / 'phantom.json').read_text()


def test_writes_and_says_what_is_wrong(tmp_path, capsys):
    arguments = (tmp_path, '--train', 3, '--test', 1, '--size', 256)
    call(*arguments, '--no-test-truth', '--preset', 'shift')
    printed = capsys.readouterr()
    assert '4 images written' in printed.out
    assert printed.err == ''  # no bar where the output is no terminal
    assert len(list(tmp_path.glob('train/outputs_json/*/*.json'))) == 3
    assert len(list(tmp_path.glob('test/DCM/*/*.png'))) == 1
    assert not list(tmp_path.glob('test/outputs_json'))
    with pytest.raises(SystemExit):
        call(*arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ') and 'generator, seed, size, preset or faults' in line


@pytest.mark.slow
def test_interrupt_and_go_on(tmp_path):
    arguments = (tmp_path, '--train', 30, '--test', 0, '--size', 512, '--workers', 2)
    process = start(*arguments)
    while process.poll() is None and len(list(tmp_path.rglob('*.json'))) < 8:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert 'run the same command again' in errors
    assert len(list(tmp_path.rglob('*.png'))) < 30
    process = start(*arguments)
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    assert ' images written' in printed
    for pattern in ('DCM/*/*.png', 'outputs_json/*/*.json'):
        assert len(list((tmp_path / 'train').glob(pattern))) == 30
    assert not list(tmp_path.rglob('*.part'))
