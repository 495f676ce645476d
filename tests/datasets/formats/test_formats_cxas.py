"""The 159 structures of CXAS: synthetic maps in COCO JSON, read and trained on by the config."""

from pathlib import Path

import numpy as np
import pytest
from made_images import drawn_masks, made_image, write_all
from mmengine.config import Config
from small_dataset import write_png

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.datasets.formats.coco import CocoWriter
from handbone.engine import ResumableRunner
from handbone.masks import unpack

CONFIG = Path(__file__).resolve().parents[3] / 'configs/cxas/segformer_mit-b0_512.py'


@pytest.fixture
def config(tmp_path):
    config = Config.fromfile(CONFIG)
    images = []
    for seed in range(6):
        path = tmp_path / f'images/P{seed}.png'
        write_png(path, np.full((80, 70), 40 * seed, np.uint8))
        images.append(made_image(drawn_masks(seed + 1, 80, 70, 159), path.name, path))
    write_all(CocoWriter(tmp_path, config.metainfo.classes), images)
    for split in ('train', 'val', 'test'):
        loader = config[f'{split}_dataloader']
        loader.dataset.update(data_root=str(tmp_path), num_folds=3)
        loader.update(num_workers=0, persistent_workers=False)
    return config


def test_all_classes_are_read_in_six_planes(config, build):
    assert len(set(config.metainfo.classes)) == 159
    load = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
    dataset = build(dict(config.train_dataloader.dataset, fold=None, pipeline=load))
    for seed in range(6):
        packed = dataset[seed]['gt_seg_map']
        assert packed.shape == (80, 70, 6)
        np.testing.assert_array_equal(unpack(packed, 159), drawn_masks(seed + 1, 80, 70, 159))


@pytest.mark.slow
def test_training(config, tmp_path):
    config.train_dataloader.dataset.pipeline[1].size = (64, 64)
    config.val_dataloader.dataset.pipeline[1].scale = (64, 64)
    config.model.backbone.num_layers = [1, 1, 1, 1]
    drop_pretrained(config)
    config.train_dataloader.batch_size = 2
    config.train_cfg.update(max_iters=2, val_interval=2)
    config.work_dir = str(tmp_path / 'work')
    config.experiment_name = config.visualizer.name = f'cxas_{tmp_path.name}'
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
    assert 0 <= runner.message_hub.get_scalar('val/mDice').current() <= 1
