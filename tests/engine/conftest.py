"""Fixtures of the hooks' tests."""

import pytest
from shift_run import MaskDataset, make_runner


@pytest.fixture
def mask_runner(tmp_path):
    """Make runners in a temporary folder."""

    def make(count=5, hooks=(), with_truth=True, same_names=False, **settings):
        dataset = MaskDataset(tmp_path / 'images', count, with_truth, same_names)
        return make_runner(tmp_path / 'work', dataset, hooks=hooks, **settings)

    return make
