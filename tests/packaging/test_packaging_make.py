"""The make targets that set up the environment, and what continuous integration calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which('make') is None, reason='make is not installed')


def executable(path, text):
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path):
    """What `make env` reads, with a Python that only notes what it is asked to do."""
    for name in ('Makefile', 'setup.py', 'requirements.txt', 'mmenv/requirements-cpu.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    executable(
        tmp_path / 'python',
        'echo "$@" >> calls\n'
        'if [ "$1" = -m ] && [ "$2" = venv ]; then mkdir -p "$3/bin" && cp python "$3/bin/"; fi',
    )
    return tmp_path


def make(folder, *arguments):
    # what an outer `make test LOCK=…` hands down is not for this one
    handed_down = ('MAKE', 'MFLAGS', 'LOCK', 'PYTHON', 'TESTS')
    environment = {key: os.environ[key] for key in os.environ if not key.startswith(handed_down)}
    return subprocess.run(
        ['make', '--no-print-directory', *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_env_installs_torch_then_the_lock_then_the_package_and_only_once(clone):
    assert make(clone, 'env', 'PYTHON=./python').returncode == 0
    calls = (clone / 'calls').read_text().splitlines()
    installs = [call for call in calls if 'pip install' in call]
    assert [call.split()[-1] for call in installs] == ['torch', 'mmenv/requirements-cpu.txt', '.']
    assert all('--no-deps' in call for call in installs[1:])

    assert make(clone, 'env', 'PYTHON=./python').returncode == 0
    assert (clone / 'calls').read_text().splitlines() == calls

    os.utime(clone / 'setup.py')
    stamp = next((clone / '.venv').glob('*.installed'))
    os.utime(stamp, (0, 0))
    assert make(clone, 'env', 'PYTHON=./python').returncode == 0
    assert len((clone / 'calls').read_text().splitlines()) == len(calls) + len(installs)


def test_a_failed_installation_is_not_taken_for_done(clone):
    executable(
        clone / 'python', (clone / 'python').read_text() + 'case "$*" in *.txt) exit 1;; esac'
    )
    assert make(clone, 'env', 'PYTHON=./python').returncode != 0
    assert list((clone / '.venv').glob('*.installed')) == []


def test_an_unsuitable_python_is_refused_by_name(clone):
    executable(clone / 'old', 'if [ "$1" = --version ]; then echo Python 3.9.1; else exit 1; fi')
    process = make(clone, 'env', 'PYTHON=./old')
    assert process.returncode != 0
    assert 'needs Python 3.11, 3.12 or 3.13; ./old is Python 3.9.1' in process.stderr
    assert not (clone / '.venv').exists()


def test_python_without_ensurepip_gets_pip_from_outside(clone):
    executable(
        clone / 'debian',
        'if [ "$*" = "-m venv .venv" ]; then exit 1; fi\n'
        'echo "debian $@" >> calls\n'
        'if [ "$3" = --without-pip ]; then mkdir -p .venv/bin && cp python .venv/bin/; fi',
    )
    assert make(clone, 'env', 'PYTHON=./debian').returncode == 0
    assert 'pip --python .venv/bin/python install' in (clone / 'calls').read_text()


def test_continuous_integration_calls_its_targets_and_stops_at_a_failure(tmp_path):
    calls = tmp_path / 'calls'
    executable(tmp_path / 'make', f'echo "$@" >> {calls}; [ "$1" != "$FAIL" ]')
    environment = os.environ | {'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'CI': 'true'}
    command = [ROOT / '.ci' / 'run']
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode == 0
    targets = ['test OPTIONS=--cov', 'lint', 'newest']
    assert calls.read_text().splitlines() == targets
    failing = environment | {'FAIL': 'test'}
    assert subprocess.run(command, cwd=tmp_path, env=failing, check=False).returncode != 0
    assert calls.read_text().splitlines() == [*targets, targets[0]]
