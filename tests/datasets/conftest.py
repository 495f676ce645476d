"""Fixtures of the datasets' tests."""

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from small_dataset import Folder, shapes

import handbone.datasets  # noqa: F401


@pytest.fixture(autouse=True)
def mmseg_scope():
    init_default_scope('mmseg')


@pytest.fixture
def build():
    return DATASETS.build


@pytest.fixture
def folder(tmp_path):
    """Six patients with two images each, not written in the order of their names."""
    made = Folder(tmp_path / 'data')
    for patient in (3, 0, 5, 1, 4, 2):
        made.add(f'ID{patient:03d}', f'image{patient}_R', shapes(patient))
        made.add(f'ID{patient:03d}', f'image{patient}_L', shapes(-patient))
    return made
