"""Every ablation is short, and trains two iterations on a tiny phantom."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

import handbone  # noqa: F401
from handbone.apis.acceleration import check_amp
from handbone.apis.pretrained import drop_pretrained
from handbone.phantom import write_dataset

ABLATIONS = sorted((Path(__file__).parents[2] / 'configs' / 'ablations').glob('*.py'))


@pytest.fixture(scope='module')
def tiny_phantom(tmp_path_factory):
    root = tmp_path_factory.mktemp('tiny_phantom')
    write_dataset(root, train=4, test=0, size=256)
    return root


@pytest.fixture
def shrunk(tiny_phantom, tmp_path):
    """Load an ablation and make everything small that it does not ablate."""

    def load(name):
        config = Config.fromfile(next(path for path in ABLATIONS if path.stem == name))
        for split, key in (('train', 'size'), ('val', 'scale')):
            loader = config[f'{split}_dataloader']
            loader.dataset.pipeline[1][key] = (64, 64)
            loader.dataset.update(data_root=str(tiny_phantom), num_folds=2)
            loader.update(num_workers=0, persistent_workers=False)
        config.train_dataloader.batch_size = 2
        config.model.data_preprocessor.type = 'SegDataPreProcessor'
        config.model.data_preprocessor.pop('stages', None)
        config.model.data_preprocessor.size_divisor = 64
        if config.model.backbone.type.endswith('SwinTransformer'):
            config.model.backbone.update(embed_dims=24, num_heads=[1, 2, 4, 8])
            config.model.decode_head.update(in_channels=[24, 48, 96, 192], channels=64)
            config.model.auxiliary_head.update(in_channels=96, channels=64)
        if 'compile' in config.default_hooks:  # the compiler itself takes minutes
            config.default_hooks.compile.backend = 'eager'
        drop_pretrained(config)
        config.train_cfg.update(max_iters=2, val_interval=2)
        for hook in ('logger', 'system_load'):
            config.default_hooks[hook].interval = 1
        config.work_dir = str(tmp_path / 'work')
        config.experiment_name = f'{name}_{tmp_path.name}'
        config.visualizer.name = config.experiment_name
        return config

    return load


def scalars(runner):
    lines = (Path(runner.log_dir) / 'vis_data' / 'scalars.json').read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_ablation_is_a_commented_difference(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith('# ')
    assert '_base_ = [' in path.read_text()


@pytest.mark.parametrize('name', [path.stem for path in ABLATIONS])
def test_ablation_trains(shrunk, name):
    config = shrunk(name)
    try:
        check_amp(config)
    except ValueError as reason:
        pytest.skip(str(reason))
    runner = Runner.from_cfg(config)
    runner.train()
    lines = scalars(runner)
    losses = [line['loss'] for line in lines if 'loss' in line]
    assert len(losses) == 2 and np.isfinite(losses).all()
    assert 0 <= next(line['mDice'] for line in lines if 'mDice' in line) <= 1
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
    assert torch.isfinite(torch.tensor(runner.optim_wrapper.get_lr()['lr'])).all()
