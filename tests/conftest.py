"""Fixtures that several rooms share."""

import importlib.util
import sys
from pathlib import Path

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
    name = 'segmentation_models_pytorch'
    beside = Path(sys.prefix) / 'bench'
    if importlib.util.find_spec(name) is None and beside.is_dir():
        sys.path.append(str(beside))
    if importlib.util.find_spec(name) is None:
        pytest.skip('needs pip install "handbone[smp]", or what `make test` installs')
    import benchmarks.torchvision_stub  # noqa: F401

    module = importlib.import_module(name)
    if str(beside) in sys.path:
        sys.path.remove(str(beside))  # processes of later tests would import it without the stub
    return module
