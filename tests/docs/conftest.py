"""A folder like that of a reader who has followed the docs so far."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from page_blocks import EXTRA_MISSING, ROOT, Block
from prepared_data import write_data
from shared_folder import shared_folder
from warm_process import WarmProcess, warm_python

HERE = Path(__file__).parent
#: Seconds that a page may take, on a busy machine.
LIMIT = 600


@pytest.fixture(scope='session')
def small_python(tmp_path_factory):
    """A program that starts Python programs in a moment, with small amounts of everything."""
    path = tmp_path_factory.mktemp('python') / 'python'
    path.write_text(
        '#!/bin/sh\n'
        f'[ "$1" = -c ] && exec {sys.executable} "$@"\n'
        f'exec {warm_python()} {HERE / "small_amounts.py"} "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture(scope='session')
def prepared(small_python, tmp_path_factory):
    """A clone after `make demo`, with the data that pages name. Only to be read."""

    def make(folder):
        clone, home = folder / 'clone', folder / 'home'
        clone.mkdir()
        shutil.copytree(ROOT / 'configs', clone / 'configs')
        (clone / 'tools').symlink_to(ROOT / 'tools')
        made = 'README.md'  # is there, and make is told that it is not to be made again
        # the tests themselves may run in a make, which tells those below it what to print
        outside = {name: text for name, text in os.environ.items() if 'MAKE' not in name}
        recipe = subprocess.run(
            ['make', '-n', '-o', made, 'demo', f'INSTALLED={made}', 'RUN=python'],
            cwd=ROOT,
            env=outside,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        run_apart([Block('Makefile', 'bash', recipe, None)], clone, home, small_python)
        write_data(clone)
        add_runs(clone)

    return shared_folder(tmp_path_factory, 'prepared', make) / 'clone'


def add_runs(clone):
    """Add what other pages have left: a second training, submissions, scores of folds."""
    folder = clone / 'work_dirs'
    demo, scores = folder / 'demo', folder / 'folds' / 'dice_out_of_fold.csv'
    shutil.copytree(demo, folder / 'demo_2')
    for name in ('submission', 'submission_2'):
        shutil.copy(demo / 'submission.csv', folder / f'{name}.csv')
    scores.parent.mkdir()
    images = sorted((clone / 'data/train/DCM').glob('*/*.png'))
    # by another path than the dataset's, as a test with another current folder leaves them
    rows = [f'0,{path},{index / 100}' for index, path in enumerate(images)]
    scores.write_text('\n'.join(['fold,image,mean', *rows]))


@pytest.fixture
def read_page(prepared, small_python, tmp_path):
    """Run the blocks of a page in a copy of the prepared folder, in a process of its own."""

    def read(blocks):
        folder = tmp_path / 'clone'
        shutil.copytree(prepared, folder, symlinks=True, copy_function=link_weights)
        run_apart(blocks, folder, tmp_path / 'home', small_python)

    return read


def link_weights(source, target):
    """Copy a file; what is large and only replaced as a whole is linked."""
    if Path(source).suffix == '.pth':
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def run_apart(blocks, folder, home, small_python):
    """Run blocks in a folder; fail where one does not work, skip where it needs an extra.

    Args:
        blocks: The blocks, in their order.
        folder: The reader's current folder.
        home: The reader's home.
        small_python: What the fixture of this name gives.
    """
    home.mkdir()
    file, out, err = (home / name for name in ('blocks.json', 'out.txt', 'err.txt'))
    file.write_text(json.dumps([asdict(block) for block in blocks]))
    own = dict(
        HOME=str(home),
        JSRT_ROOT=str(folder / 'data' / 'jsrt'),
        HANDBONE_TRACEBACK='0',
        PYTHONPATH=os.pathsep.join([str(HERE.parent), os.environ.get('PYTHONPATH', '')]),
    )
    with out.open('w') as out_file, err.open('w') as err_file, contextlib.chdir(folder):
        process = WarmProcess(
            [HERE / 'run_blocks.py', file, small_python], out_file, err_file, os.environ | own
        )
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            code = f'no end after {LIMIT} seconds'
        with contextlib.suppress(ProcessLookupError):  # what the page has left running
            os.killpg(process.pid, signal.SIGKILL)
    if code == EXTRA_MISSING:
        pytest.skip(err.read_text().strip())
    if code:
        said = f'{out.read_text()[-2000:]}\n{err.read_text()[-5000:]}'
        pytest.fail(f'{code}: {said}', pytrace=False)
