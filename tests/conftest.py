"""Fixtures that several rooms share."""

import errno
import gc
import os
import sys
import time

import hypothesis
import pytest
import torch
from mmengine.registry import DefaultScope
from shared_folder import shared_folder
from small_disk import mount_small_disk

from handbone.phantom import write_dataset

# sums are the same in every process, this one and those that it starts
torch.set_num_threads(1)
os.environ['OMP_NUM_THREADS'] = '1'
_imported = 0
# examples may take long on a machine that is busy; the same ones in every run, so that a test that
# fails fails because of what was changed
hypothesis.settings.register_profile('repeatable', deadline=None, derandomize=True)
hypothesis.settings.register_profile('new_examples', deadline=None, derandomize=False)
hypothesis.settings.load_profile('repeatable')

gc.disable()  # until all tests are collected: what is imported is not garbage


def pytest_collection_finish() -> None:
    """Collect garbage again."""
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Take what is imported out of garbage collection, which mmengine runs for each dataset.

    Every test finds the names of mmseg, whatever scope an earlier one has left.
    """
    global _imported
    scope = DefaultScope.get_current_instance()
    if scope is not None and scope.scope_name != 'mmseg':
        DefaultScope.get_instance(f'tests-{time.monotonic_ns()}', scope_name='mmseg')
    if len(sys.modules) != _imported:
        gc.collect()
        gc.freeze()
        _imported = len(sys.modules)


@pytest.fixture(scope='session')
def phantom_root(tmp_path_factory):
    """Twelve training images of six patients and three test images, 320 x 320. Only to be read."""
    return shared_folder(
        tmp_path_factory, 'phantom', lambda root: write_dataset(root, train=12, test=3, size=320)
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    with mount_small_disk(tmp_path / 'disk') as folder:
        if folder is None:
            pytest.skip('a small file system cannot be mounted here')
        yield folder


@pytest.fixture
def full_disk(monkeypatch):
    """No file comes to the disk."""

    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)


@pytest.fixture(scope='session')
def smp():
    """segmentation_models_pytorch: as installed, or from where the benchmarks have it."""
    from benchmarks.harness.plain_packages import import_smp

    try:
        return import_smp()
    except ImportError:
        pytest.skip('needs pip install "handbone[smp]", or what `make test` installs')
