"""The wheel carries the command, configs, tools and locks, for a user without a clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS

from handbone.configuration.config_file import read_config_file
from handbone.configuration.shipped import config_names, flattened_config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    'setup.py',
    'handbone_command.py',
    'pyproject.toml',
    'requirements.txt',
    'MANIFEST.in',
    'LICENSE',
    'README.md',
)
FOLDERS = ('handbone', 'configs', 'tools', 'mmenv')
PIP = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet']
OFFLINE = ['--no-deps', '--no-build-isolation', '--no-index']


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """A wheel built from a copy of the sources, so that the clone stays clean."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        ignore = shutil.ignore_patterns('__pycache__')
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    # what an earlier build left behind must not get into the wheel
    stale = source / 'build' / 'lib' / 'handbone' / '.mim' / 'configs' / 'removed.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    subprocess.run([*PIP, 'wheel', *OFFLINE, '-w', folder, source], check=True)
    assert not any(path.is_symlink() for path in source.rglob('*'))
    return next(folder.glob('handbone-*.whl'))


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """A folder with the wheel installed in it, far from the clone."""
    folder = tmp_path_factory.mktemp('site')
    subprocess.run([*PIP, 'install', *OFFLINE, '--target', folder, wheel], check=True)
    return folder


@pytest.fixture
def handbone(installed, tmp_path):
    """Run the installed command; returns what it wrote to standard output."""

    def run(*words, expected=0):
        ended = subprocess.run(
            [str(installed / 'bin' / 'handbone'), *map(str, words)],
            cwd=tmp_path,
            env=os.environ | {'PYTHONPATH': str(installed), 'OMP_NUM_THREADS': '1'},
            capture_output=True,
            text=True,
            check=False,
        )
        assert expected in (None, ended.returncode), ended.stderr
        return ended.stdout

    return run


def test_the_wheel_holds_all_modules_configs_and_tools(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    carried = 'handbone/.mim/'
    places = {'handbone': '', 'configs': carried, 'tools': carried, 'mmenv': carried}
    expected = {
        f'{prefix}{file.relative_to(ROOT).as_posix()}'
        for folder, prefix in places.items()
        for file in (ROOT / folder).rglob('*')
        if file.is_file() and '__pycache__' not in file.parts and 'Dockerfile' not in file.name
    }
    expected |= {'handbone_command.py', f'{carried}requirements.txt'}
    # the rest is metadata
    assert {name for name in inside if '.dist-info/' not in name} == expected
    assert any(name.endswith('licenses/LICENSE') for name in inside)


def test_every_module_of_the_package_is_in_a_package():
    # find_packages passes over folders without an __init__.py
    folders = {file.parent for file in (ROOT / 'handbone').rglob('*.py')}
    assert [folder for folder in folders if not (folder / '__init__.py').exists()] == []


def test_an_installed_wheel_lists_and_prints_its_configs(handbone):
    assert handbone('configs').split() == config_names()
    name = config_names()[-1]
    assert handbone('configs', name) == flattened_config(name)


def test_the_installed_check_names_the_locks_of_the_wheel(installed, handbone, tmp_path):
    folder = installed / 'handbone' / '.mim'
    code = (
        'from handbone.diagnosis import distributions as d;'
        'print(d.REQUIREMENTS, d.locked("numpy"), d.install_all())'
    )
    printed = subprocess.run(
        [sys.executable, '-c', f'import handbone_command as c; c.running = True; {code}'],
        cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    requirements, numpy, command = printed.split(maxsplit=2)
    assert requirements == str(folder / 'requirements.txt')
    assert numpy.startswith('numpy==')
    lock = folder / 'mmenv' / 'requirements-cpu.txt'
    assert command.strip() == f'python -m pip install --no-deps --requirement {lock}'
    assert lock.is_file()
    # its exit status is a matter of the machine
    assert 'onedl-mmsegmentation' in handbone('check', expected=None)


def test_an_installed_wheel_predicts_votes_and_scores(handbone, phantom_root, tmp_path):
    (tmp_path / 'demo.py').write_text(handbone('configs', 'demo'))
    cfg = read_config_file(tmp_path / 'demo.py')
    model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'weights.pth')
    images = phantom_root / 'test' / 'DCM'
    handbone('predict', 'demo.py', 'weights.pth', images, '--out-dir', 'out', '--device', 'cpu')
    masks = (tmp_path / 'out' / 'predictions.csv').read_bytes()
    for name in ('a.csv', 'b.csv', 'c.csv'):
        (tmp_path / name).write_bytes(masks)
    handbone('vote', 'a.csv', 'b.csv', 'c.csv', '--out', 'voted.csv')
    assert (tmp_path / 'voted.csv').read_bytes() == masks
    assert '1.0000' in handbone('evaluate', 'a.csv', 'voted.csv', '--metrics', 'dice')
