"""Real Ray on one machine: processes are killed, and nothing is lost or comes twice."""

import os
import signal
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from archive_content import check_once_each, parquets
from marking_predictor import OpenStub, write_images
from warm_process import WarmProcess, warm_python

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

ray = pytest.importorskip('ray', reason='needs pip install "handbone[archive]"')
pytest.importorskip('ray.data', reason='needs pip install "handbone[archive]"')
pytest.importorskip('duckdb', reason='needs pip install "handbone[archive]"')

from handbone.archive.cluster import ray_session  # noqa: E402
from handbone.archive.folder import ArchiveFolder  # noqa: E402
from handbone.archive.prediction import Workforce, predict_archive  # noqa: E402

pytestmark = pytest.mark.slow

PYTHONPATH = os.pathsep.join([str(HERE), str(REPOSITORY)])


@pytest.fixture(scope='module')
def address():
    """Ray of this machine, which the tests share."""
    # processes of Ray import the stub, and shall not wait for the other tests
    python = str(warm_python())  # what Ray starts its workers with, and these what replaces them
    changes = dict(PYTHONPATH=PYTHONPATH, RAY_worker_niceness='0', PYTHON=python)
    with (
        patch.dict(os.environ, changes),
        patch.object(sys, 'executable', python),
        ray_session(processes=2),
    ):
        yield ray.get_runtime_context().gcs_address


def test_a_killed_process_and_a_bad_file(address, tmp_path):
    images = write_images(tmp_path / 'images', 24)
    bad = tmp_path / 'images' / 'bad.png'
    bad.write_bytes(b'not an image')
    processes = tmp_path / 'processes'
    killed = []

    def kill_once(done, total):
        if done and not killed:
            killed.append(int(processes.read_text().split()[-1]))
            os.kill(killed[0], signal.SIGKILL)

    workforce = Workforce(actors=1, images_per_file=2)
    summary = predict_archive(
        images | {str(bad): 'bad.png'},
        ArchiveFolder(tmp_path / 'archive'),
        OpenStub(processes, pause=0.05),
        workforce=workforce,
        report=kill_once,
    )
    assert killed
    assert killed[0] != os.getpid()
    assert len(set(processes.read_text().split())) == 3  # this one, the killed one, the next one
    assert (summary.predicted, summary.known) == (24, 0)
    assert summary.failures['image'].tolist() == [str(bad)]
    check_once_each(tmp_path / 'archive', images)

    before = parquets(tmp_path / 'archive')
    again = predict_archive(
        images | {str(bad): 'bad.png'},
        ArchiveFolder(tmp_path / 'archive'),
        OpenStub(processes),
        workforce=workforce,
    )
    assert (again.predicted, again.known, again.earlier_failures) == (0, 24, 1)
    assert parquets(tmp_path / 'archive') == before


def test_a_killed_run_goes_on(address, tmp_path):
    images = write_images(tmp_path / 'images', 24)
    out = tmp_path / 'archive'
    command = [HERE / 'archive_run.py', tmp_path / 'images', out, address]
    environment = os.environ | {'PYTHONPATH': PYTHONPATH}
    with (tmp_path / 'log').open('w') as log:
        run = WarmProcess(command, log, log, environment)
        try:
            end = time.monotonic() + 240
            while len(parquets(out)) < 2 and run.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
        finally:
            run.kill()
            run.wait()
    before = parquets(out)
    assert 2 <= len(before) < 12, (tmp_path / 'log').read_text()[-2000:]

    summary = predict_archive(
        images, ArchiveFolder(out), OpenStub(), workforce=Workforce(actors=1, images_per_file=5)
    )
    assert summary.known > 0
    assert summary.known + summary.predicted == 24
    check_once_each(out, images)
    assert before.items() <= parquets(out).items()
    assert not (out / 'unfinished').exists()
