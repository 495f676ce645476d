"""Two sets that know different classes train one network, by the config that is shipped."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

import handbone  # noqa: F401
from handbone.bones import CARPALS, CLASSES, FINGERS, FOREARM
from handbone.masks import split_unknown

CONFIG = Path(__file__).parents[2] / 'configs/partly_annotated/two_sets.py'
WRISTS = (*CARPALS, *FOREARM)


def small(tiny_phantom, work_dir):
    config = Config.fromfile(CONFIG)
    sets = config.train_dataloader.dataset.datasets
    for dataset in sets:
        dataset.data_root = str(tiny_phantom)
        dataset.pipeline[1].size = (64, 64)
    config.train_dataloader.update(num_workers=0, persistent_workers=False)
    config.model.data_preprocessor.update(type='SegDataPreProcessor', size_divisor=64)
    del config.model.data_preprocessor['stages']
    for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        config.pop(name)
    config.default_hooks.checkpoint.pop('save_best')
    config.train_cfg.pop('val_interval')
    config.train_cfg.max_iters = 3
    config.work_dir = str(work_dir)
    config.experiment_name = config.visualizer.name = f'two_sets_{work_dir.name}'
    return config


def test_the_lists_of_the_config_are_all_bones():
    config = Config.fromfile(CONFIG)
    first, second = config.train_dataloader.dataset.datasets
    assert tuple(first.annotated_classes) == FINGERS and tuple(first.skip_labels) == WRISTS
    assert tuple(second.annotated_classes) == WRISTS and tuple(second.skip_labels) == FINGERS
    assert tuple(config.metainfo.classes) == CLASSES


def test_one_network_learns_from_both(tiny_phantom, tmp_path):
    runner = Runner.from_cfg(small(tiny_phantom, tmp_path))
    seen = []
    train_step = runner.model.train_step

    def remember(data, optim_wrapper):
        seen.extend(sample.gt_sem_seg.data for sample in data['data_samples'])
        return train_step(data, optim_wrapper)

    runner.model.train_step = remember
    runner.train()
    known = set()
    for planes in seen:
        labels, unknown = split_unknown(planes, len(CLASSES))
        code = np.bitwise_or.reduce(unknown.numpy(), axis=None)
        names = {name for index, name in enumerate(CLASSES) if not code >> index & 1}
        assert names in ({*FINGERS}, {*WRISTS})
        assert not (labels & unknown).any()
        known |= names
    assert known == set(CLASSES)
    # the biases start from the known halves: with the other half as background they would be lower
    frequencies = runner.train_dataloader.dataset.datasets[0].class_frequencies()
    assert (frequencies[:19] > 0).all() and (frequencies[19:] == 0).all()
    assert all(torch.isfinite(weight).all() for weight in runner.model.parameters())
