"""A config that trains in a second or two, for the functions of handbone.apis."""

import pytest
from mmengine.config import Config

from handbone.configuration.shipped import config_path


@pytest.fixture
def small_config(phantom_root, tmp_path):
    """The demo's network on 128 x 128 phantoms, two iterations, without file or launcher."""
    cfg = Config.fromfile(config_path('demo'))
    for split, key in (('train', 'size'), ('val', 'scale'), ('test', 'scale')):
        loader = cfg[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(phantom_root)
        loader.dataset.pipeline[1][key] = (128, 128)
        if split != 'test':
            loader.dataset.num_folds = 5
    cfg.model.data_preprocessor.update(type='SegDataPreProcessor', size_divisor=128)
    cfg.model.data_preprocessor.pop('stages')
    cfg.model.backbone.channels = (8, 8, 8, 8, 8)
    cfg.model.decode_head.in_channels = 8
    cfg.train_dataloader.batch_size = 2
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.default_hooks.logger.interval = 1
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = cfg.visualizer.name = f'apis_{tmp_path.name}'
    return cfg
