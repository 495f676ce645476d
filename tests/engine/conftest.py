"""Fixtures of the hooks' tests."""

import shutil
import subprocess

import pytest
from shift_run import MaskDataset, make_runner


@pytest.fixture
def mask_runner(tmp_path):
    """Make runners in a temporary folder."""

    def make(count=5, hooks=(), with_truth=True, same_names=False, **settings):
        dataset = MaskDataset(tmp_path / 'images', count, with_truth, same_names)
        return make_runner(tmp_path / 'work', dataset, hooks=hooks, **settings)

    return make


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = shutil.which('mount')
    command = [mount, '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip('a small file system cannot be mounted here')
    yield folder
    subprocess.run(['umount', str(folder)], check=True)
