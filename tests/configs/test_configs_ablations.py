"""Every ablation is short, and trains two iterations on a tiny phantom."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from handbone.configuration.dumped_config import read_dumped_config
from handbone.engine import ResumableRunner
from handbone.engine.acceleration import check_amp

pytestmark = pytest.mark.slow

ABLATIONS = sorted((Path(__file__).parents[2] / 'configs' / 'ablations').glob('*.py'))
SPLITS = ('train', 'val', 'test')


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_ablation_is_a_commented_difference(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith('# ')
    assert '_base_ = [' in path.read_text()


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_ablation_has_one_size(path):
    config = Config.fromfile(path)
    steps = [config[f'{split}_dataloader'].dataset.pipeline[1] for split in SPLITS]
    assert {tuple(step.get('size') or step.scale) for step in steps} == {tuple(config.crop_size)}


@pytest.mark.parametrize('name', [path.stem for path in ABLATIONS])
def test_ablation_trains(shrunk, scalars, name):
    config = shrunk(name)
    try:
        check_amp(config)
    except ValueError as reason:
        pytest.skip(str(reason))
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    lines = scalars(runner)
    losses = [line['loss'] for line in lines if 'loss' in line]
    assert len(losses) == 2 and np.isfinite(losses).all()
    assert 0 <= next(line['mDice'] for line in lines if 'mDice' in line) <= 1
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
    assert torch.isfinite(torch.tensor(runner.optim_wrapper.get_lr()['lr'])).all()
    # what compare_runs reads, and what mmengine loads
    dump = Path(runner.log_dir) / 'vis_data' / 'config.py'
    assert read_dumped_config(dump) == runner.cfg.to_dict()
    assert Config.fromfile(dump).to_dict() == runner.cfg.to_dict()
