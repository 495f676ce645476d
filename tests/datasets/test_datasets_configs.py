"""The base configs of the datasets build and load."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from handbone.bones import CLASSES
from handbone.phantom import write_dataset

BASES = Path(__file__).parents[2] / 'configs/_base_/datasets'
JSRT = Path(os.environ.get('JSRT_ROOT', Path(__file__).parents[3] / 'shared/data/jsrt'))


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    root = tmp_path_factory.mktemp('phantoms')
    write_dataset(root, train=10, test=2, size=256)
    return root


def test_hand_bones(phantoms, build):
    cfg = Config.fromfile(BASES / 'xray_hand_bone.py')
    datasets = {}
    for split in ('train', 'val', 'test'):
        config = cfg[f'{split}_dataloader'].dataset
        config.data_root = str(phantoms)
        datasets[split] = build(config)
    assert [len(dataset) for dataset in datasets.values()] == [8, 2, 2]
    sample = datasets['train'][0]
    assert sample['inputs'].shape == (3, 1536, 1536)
    assert sample['inputs'].dtype == torch.uint8
    assert sample['data_samples'].gt_sem_seg.data.shape == (1, 1536, 1536)
    assert sample['data_samples'].gt_sem_seg.data.dtype == torch.int32
    for split in ('val', 'test'):
        sample = datasets[split][0]
        assert sample['inputs'].shape == (3, 1536, 1536)
        assert sample['data_samples'].gt_sem_seg.data.shape == (1, 256, 256)
        assert sample['data_samples'].ori_shape == (256, 256)
        assert sample['data_samples'].img_shape == (1536, 1536)
    assert datasets['train'].metainfo['classes'] == CLASSES


def test_test_images_without_annotations(phantoms, build, tmp_path):
    config = Config.fromfile(BASES / 'xray_hand_bone.py').test_dataloader.dataset
    (tmp_path / 'test').mkdir()
    (tmp_path / 'test/DCM').symlink_to(phantoms / 'test/DCM')
    config.data_root = str(tmp_path)
    sample = build(config)[0]['data_samples']
    assert 'gt_sem_seg' not in sample
    assert Path(sample.img_path).name == sample.image_name


def test_size_in_an_inheriting_config(tmp_path):
    path = tmp_path / 'config.py'
    remarks = (BASES / 'xray_hand_bone.py').read_text().splitlines()
    start = next(i for i, line in enumerate(remarks) if 'crop_size = (1024, 1024)' in line)
    lines = [line.lstrip('# ') for line in remarks[start : start + 4]]
    path.write_text('\n'.join([f'_base_ = [{str(BASES / "xray_hand_bone.py")!r}]', *lines]))
    cfg = Config.fromfile(path)
    assert cfg.train_dataloader.dataset.pipeline[1].size == (1024, 1024)
    assert cfg.val_dataloader.dataset.pipeline[1].scale == (1024, 1024)
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (1024, 1024)


def test_jsrt_folder_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv('JSRT_ROOT', 'elsewhere/jsrt')
    cfg = Config.fromfile(BASES / 'jsrt.py')
    assert cfg.train_dataloader.dataset.data_root == 'elsewhere/jsrt'
    monkeypatch.delenv('JSRT_ROOT')
    cfg = Config.fromfile(BASES / 'jsrt.py')
    assert cfg.train_dataloader.dataset.data_root == '../shared/data/jsrt'


@pytest.mark.skipif(not JSRT.is_dir(), reason=f'no JSRT radiographs at {JSRT} (set JSRT_ROOT)')
def test_jsrt_loads(build):
    cfg = Config.fromfile(BASES / 'jsrt.py')
    cfg.val_dataloader.dataset.data_root = str(JSRT)
    dataset = build(cfg.val_dataloader.dataset)
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 256, 256)
    assert sample['data_samples'].gt_sem_seg.data.shape == (1, 1024, 1024)
    # Lungs and clavicles overlap.
    codes = np.unique(sample['data_samples'].gt_sem_seg.data.numpy())
    assert (0b01001 in codes) or (0b10010 in codes)
    assert set(dataset.metainfo['groups']) == {'lungs', 'heart', 'clavicles'}
