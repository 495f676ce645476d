"""Fixtures of the hooks' tests."""

import pytest
from shift_run import MaskDataset, make_runner
from small_disk import mount_small_disk


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
    with mount_small_disk(tmp_path / 'disk') as folder:
        if folder is None:
            pytest.skip('a small file system cannot be mounted here')
        yield folder
