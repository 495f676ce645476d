"""The wheel carries the configs and tools, and gives them to a user without a clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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
FOLDERS = ('handbone', 'configs', 'tools')
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


def run_configs(folder, *arguments):
    environment = os.environ | {'PYTHONPATH': str(folder), 'OMP_NUM_THREADS': '1'}
    return subprocess.run(
        [sys.executable, '-m', 'handbone.configuration.shipped', *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_all_modules_configs_and_tools(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    places = {'handbone': '', 'configs': 'handbone/.mim/', 'tools': 'handbone/.mim/'}
    expected = {
        f'{prefix}{file.relative_to(ROOT).as_posix()}'
        for folder, prefix in places.items()
        for file in (ROOT / folder).rglob('*')
        if file.is_file() and '__pycache__' not in file.parts
    }
    expected.add('handbone_command.py')
    # the rest is metadata
    assert {name for name in inside if '.dist-info/' not in name} == expected
    assert any(name.endswith('licenses/LICENSE') for name in inside)


def test_every_module_of_the_package_is_in_a_package():
    # find_packages passes over folders without an __init__.py
    folders = {file.parent for file in (ROOT / 'handbone').rglob('*.py')}
    assert [folder for folder in folders if not (folder / '__init__.py').exists()] == []


def test_an_installed_wheel_lists_and_prints_its_configs(installed):
    from handbone.configuration.shipped import config_names, flattened_config

    listing = run_configs(installed)
    assert listing.returncode == 0, listing.stderr
    assert listing.stdout.split() == config_names()

    name = config_names()[-1]
    printed = run_configs(installed, name)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == flattened_config(name)
