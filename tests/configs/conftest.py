"""Ablations of configs/ablations, small enough to train in a second."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

import handbone  # noqa: F401
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.phantom import write_dataset

ABLATIONS = Path(__file__).parents[2] / 'configs' / 'ablations'


@pytest.fixture(scope='session')
def tiny_phantom(tmp_path_factory):
    root = tmp_path_factory.mktemp('tiny_phantom')
    write_dataset(root, train=4, test=0, size=256)
    return root


@pytest.fixture
def shrunk(tiny_phantom, tmp_path):
    """Load an ablation and make everything small that it does not ablate."""

    def load(name, iterations=2):
        config = Config.fromfile(ABLATIONS / f'{name}.py')
        for split, key in (('train', 'size'), ('val', 'scale')):
            loader = config[f'{split}_dataloader']
            loader.dataset.pipeline[1][key] = (64, 64)
            loader.dataset.update(data_root=str(tiny_phantom), num_folds=2)
            loader.update(num_workers=0, persistent_workers=False)
        config.train_dataloader.batch_size = 2
        config.model.data_preprocessor.type = 'SegDataPreProcessor'
        config.model.data_preprocessor.pop('stages', None)
        config.model.data_preprocessor.size_divisor = 64
        if 'MixVision' in config.model.backbone.type:
            config.model.backbone.num_layers = [1, 1, 1, 1]
        if 'Swin' in config.model.backbone.type:
            config.model.backbone.update(embed_dims=24, num_heads=[1, 2, 4, 8])
            config.model.decode_head.update(in_channels=[24, 48, 96, 192], channels=64)
            config.model.auxiliary_head.update(in_channels=96, channels=64)
        if 'compile' in config.default_hooks:  # the compiler itself takes minutes
            config.default_hooks.compile.backend = 'eager'
        drop_pretrained(config)
        config.train_cfg.update(max_iters=iterations, val_interval=2)
        for hook in ('logger', 'system_load'):
            config.default_hooks[hook].interval = 1
        config.work_dir = str(tmp_path / 'work')
        config.experiment_name = f'{name}_{tmp_path.name}'
        config.visualizer.name = config.experiment_name
        return config

    return load


@pytest.fixture(scope='session')
def scalars():
    """Read the log of a runner: a dict for each line."""

    def read(runner):
        log = Path(runner.log_dir) / 'vis_data' / 'scalars.json'
        return [json.loads(line) for line in log.read_text().splitlines()]

    return read
