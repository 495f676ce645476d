"""210 structures, as RadGenome-Anatomy has: the user's list of names in a config of a few lines."""

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

DOCS = Path(__file__).resolve().parents[3] / 'docs/formats.md'
NAMES = tuple(f'structure {index:03d}' for index in range(210))


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The config that the page of formats shows, with the user's files beside it."""
    page = DOCS.read_text(encoding='utf-8')
    start = page.index("```python\n_base_ = ['configs/cxas/") + len('```python\n')
    text = page[start : page.index('```', start)]
    data = tmp_path / 'data/radgenome'
    images = []
    for seed in range(6):
        path = data / f'images/P{seed}.png'
        write_png(path, np.full((70, 60), 40 * seed, np.uint8))
        images.append(made_image(drawn_masks(seed + 1, 70, 60, 210), path.name, path))
    write_all(CocoWriter(data, NAMES), images)
    (data / 'classes.txt').write_text(''.join(f'{name}\n' for name in NAMES))
    path = tmp_path / 'radgenome.py'
    path.write_text(text.replace("'configs/", f"'{DOCS.parents[1]}/configs/"))
    monkeypatch.chdir(tmp_path)
    config = Config.fromfile(path)
    for split in ('train', 'val', 'test'):
        loader = config[f'{split}_dataloader']
        loader.dataset.update(num_folds=3)
        loader.update(num_workers=0, persistent_workers=False)
    return config


def test_all_classes_are_read_in_seven_planes(config, build):
    assert config.model.decode_head.num_classes == 210
    load = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
    for split in ('train', 'val'):
        settings = dict(config[f'{split}_dataloader'].dataset, fold=None, pipeline=load)
        dataset = build(settings)
        assert dataset.metainfo['classes'] == NAMES
        for seed in range(6):
            packed = dataset[seed]['gt_seg_map']
            assert packed.shape == (70, 60, 7)
            np.testing.assert_array_equal(unpack(packed, 210), drawn_masks(seed + 1, 70, 60, 210))


@pytest.mark.slow
def test_training(config, tmp_path):
    config.train_dataloader.dataset.pipeline[1].size = (64, 64)
    config.val_dataloader.dataset.pipeline[1].scale = (64, 64)
    config.model.backbone.num_layers = [1, 1, 1, 1]
    drop_pretrained(config)
    config.train_dataloader.batch_size = 2
    config.train_cfg.update(max_iters=2, val_interval=2)
    config.work_dir = str(tmp_path / 'work')
    config.experiment_name = config.visualizer.name = f'radgenome_{tmp_path.name}'
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
