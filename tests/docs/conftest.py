"""A folder like that of a reader who has followed the docs so far."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from block_running import Reader
from local_services import local_services
from page_blocks import ROOT, Block
from prepared_data import write_data
from shared_folder import shared_folder
from small_amounts import __file__ as small_amounts_file
from small_amounts import small_amounts
from warm_process import warm_python


@pytest.fixture(scope='session')
def small_python(tmp_path_factory):
    """A program that starts Python programs in a moment, with small amounts of everything."""
    path = tmp_path_factory.mktemp('python') / 'python'
    path.write_text(
        '#!/bin/sh\n'
        f'[ "$1" = -c ] && exec {sys.executable} "$@"\n'
        f'exec {warm_python()} {small_amounts_file} "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture(scope='session')
def prepared(small_python, tmp_path_factory):
    """A clone after `make demo`, with the data that pages name. Only to be read."""

    def make(folder):
        shutil.copytree(ROOT / 'configs', folder / 'configs')
        (folder / 'tools').symlink_to(ROOT / 'tools')
        made = 'README.md'  # is there, and make is told that it is not to be made again
        recipe = subprocess.run(
            ['make', '-n', '-o', made, 'demo', f'INSTALLED={made}', 'RUN=python'],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(folder)
            run(Block('Makefile', 'bash', recipe, None), Reader(small_python), small_python)
            write_data(folder)
            add_runs(folder / 'work_dirs')

    return shared_folder(tmp_path_factory, 'prepared', make)


def add_runs(folder):
    """Add what other pages have left: a second training, submissions, scores of folds."""
    demo, scores = folder / 'demo', folder / 'folds' / 'dice_out_of_fold.csv'
    shutil.copytree(demo, folder / 'demo_2')
    for name in ('submission', 'submission_2'):
        shutil.copy(demo / 'submission.csv', folder / f'{name}.csv')
    scores.parent.mkdir()
    images = sorted(Path('data/train/DCM').glob('*/*.png'))
    rows = [f'0,{path.name},{index / 100}' for index, path in enumerate(images)]
    scores.write_text('\n'.join(['fold,image,mean', *rows]))


def run(block, reader, small_python):
    with small_amounts(), patch.object(sys, 'executable', str(small_python)):
        reader.run(block)


@pytest.fixture
def read_page(prepared, small_python, tmp_path, monkeypatch):
    """Run the blocks of a page in a copy of the prepared folder."""
    folder = tmp_path / 'clone'
    shutil.copytree(prepared, folder, symlinks=True, copy_function=link_weights)
    monkeypatch.chdir(folder)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('JSRT_ROOT', str(folder / 'data' / 'jsrt'))
    monkeypatch.setenv('HANDBONE_TRACEBACK', '0')
    with local_services() as server:
        address = server.address.replace('http', 'json')
        monkeypatch.setenv('TEAM', address)
        addresses = tmp_path / '.config' / 'handbone' / 'notify.txt'
        addresses.parent.mkdir(parents=True)
        addresses.write_text(address)
        addresses.chmod(0o600)
        before = dict(os.environ)

        def read(blocks):
            reader = Reader(small_python)
            for block in blocks:
                run(block, reader, small_python)

        yield read
        os.environ.clear()
        os.environ.update(before)


def link_weights(source, target):
    """Copy a file; what is large and only replaced as a whole is linked."""
    if Path(source).suffix == '.pth':
        os.link(source, target)
    else:
        shutil.copy2(source, target)
