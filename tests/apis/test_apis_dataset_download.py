"""Downloads of open datasets by the real client, from a server on this machine."""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from hub_server import Hub, served

ROOT = Path(__file__).parents[2]
SMALL = 'Segmentation/train/_annotations_bone_rle.coco.json'
LARGE = 'Segmentation/train/a.bmp'
FILES = {SMALL: b'{}', LARGE: os.urandom(4 * 2**20), 'Erosion/b.bmp': b'not needed'}


@pytest.fixture
def environment():
    """That of a user, whose client tells nobody what it does."""
    if find_spec('huggingface_hub') is None:
        pytest.skip('needs pip install "handbone[download]"')
    off = dict(HF_HUB_DISABLE_TELEMETRY='1', HF_HUB_DISABLE_XET='1')
    return os.environ | dict(PYTHONPATH=str(ROOT)) | off


def start(folder, environment, address):
    command = [sys.executable, 'handbone_command.py', 'download', 'ram-h1200', str(folder)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | dict(HF_ENDPOINT=address, HF_HOME=str(folder.parent / 'home')),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_download_that_was_killed_continues(tmp_path, environment):
    """Killed within the second file: the next one fetches that file alone, a third one nothing."""
    hub, folder = Hub(FILES, at_first=2**20), tmp_path / 'data'
    with served(hub) as address:
        process = start(folder, environment, address)
        assert hub.stopped.wait(60)
        while not (folder / SMALL).exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        process.kill()
        process.wait()
        hub.goes_on.set()
        hub.at_first = 2**30
        fetched = [{name for name, _ in hub.requests}]
        for _ in range(2):
            hub.requests.clear()
            process = start(folder, environment, address)
            output, _ = process.communicate(timeout=120)
            assert process.returncode == 0, output
            fetched.append({name for name, _ in hub.requests})
    assert fetched == [{SMALL, LARGE}, {LARGE}, set()]
    for name in (SMALL, LARGE):
        assert (folder / name).read_bytes() == FILES[name]
    assert not (folder / 'Erosion').exists()
    assert not list(folder.rglob('*.incomplete'))
