"""Fixtures that several rooms share."""

import pytest

from handbone.phantom import write_dataset


@pytest.fixture(scope='session')
def phantom_root(tmp_path_factory):
    """Twelve training images of six patients and three test images, 320 x 320. Only to be read."""
    root = tmp_path_factory.mktemp('phantom')
    write_dataset(root, train=12, test=3, size=320)
    return root


@pytest.fixture(scope='session')
def smp():
    """segmentation_models_pytorch: as installed, or from where the benchmarks have it."""
    from benchmarks.plain_packages import import_smp

    try:
        return import_smp()
    except ImportError:
        pytest.skip('needs pip install "handbone[smp]", or what `make test` installs')
