"""Training from a notebook: what may be left out, and what is an error in one line."""

from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from handbone.apis.testing import test as run_test
from handbone.apis.training import train


@HOOKS.register_module()
class CountingHook(Hook):
    """A hook of a user's own."""

    trained = 0

    def after_train_iter(self, *_, **__):
        type(self).trained += 1


def test_trainings_of_one_process_write_into_folders_of_their_own(small_config, tmp_path):
    for name in ('first', 'second'):
        cfg = deepcopy(small_config)
        cfg.work_dir, cfg.visualizer.name = str(tmp_path / name), 'visualizer'
        cfg.experiment_name = f'{name}_{tmp_path.name}'
        train(cfg)
        (scalars,) = (tmp_path / name).glob('*/vis_data/scalars.json')
        assert '"mDice"' in scalars.read_text()


def test_steps_that_name_classes_are_part_of_the_validation(small_config):
    small_config.model.test_cfg.postprocess = [dict(type='FillHoles', classes=['Radius', 'Ulna'])]
    train(small_config)
    assert list(Path(small_config.work_dir).glob('best_mDice_*.pth'))


NO_PADDING = {'model.data_preprocessor.size_divisor': 1}


def error_of(function, cfg):
    with pytest.raises(ValueError) as caught:
        function(cfg)
    message = str(caught.value)
    assert '\n' not in message
    return message


def test_without_launcher_and_work_dir(small_config, tmp_path, monkeypatch):
    """A config that no command completed trains and is tested."""
    monkeypatch.chdir(tmp_path)
    CountingHook.trained = 0
    cfg = small_config
    for name in ('work_dir', 'default_scope', 'launcher'):
        cfg.pop(name, None)
    cfg.custom_hooks = [dict(type='CountingHook')]
    train(cfg)
    assert CountingHook.trained == 2
    work_dir = Path('work_dirs') / 'demo'
    assert (work_dir / 'iter_2.pth').is_file()
    tested = small_config
    tested.load_from = str(work_dir / 'iter_2.pth')
    tested.experiment_name = tested.visualizer.name = f'tested_{tmp_path.name}'
    tested.test_evaluator = dict(type='DiceMetric')
    tested.pop('work_dir')
    assert 0 <= run_test(tested)['mDice'] <= 100


@pytest.mark.parametrize('missing', ['train_cfg', 'train_dataloader', 'optim_wrapper', 'model'])
def test_what_is_missing_is_named(small_config, missing):
    small_config.pop(missing)
    assert f'has no {missing}' in error_of(train, small_config)


def test_half_a_validation_and_no_checkpoint(small_config):
    cfg = deepcopy(small_config)
    cfg.pop('val_cfg')
    assert 'has no val_cfg' in error_of(train, cfg)
    assert 'load_from must name the checkpoint' in error_of(run_test, small_config)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'model.backbone.type': 'FoldedUnet'}, 'model.backbone.type: there is no FoldedUnet (did'),
        ({'model.backbone.chanels': (8, 8)}, 'does not take chanels (did you mean channels'),
        ({'train_dataloader.dataset.type': 'HandBoneDataset'}, 'there is no HandBoneDataset (did'),
        ({'train_dataloader.dataset.num_fold': 5}, 'does not take num_fold (did you mean'),
        ({'train_dataloader.dataset.pipeline.1.degree': 5}, 'pipeline.1.type=RandomAffine does'),
        ({'train_cfg.type': 'EpochBasedTrainLoop'}, 'does not take max_iters; it needs max_epochs'),
        ({'optim_wrapper.optimizer.type': 'AdamWW'}, 'there is no AdamWW (did you mean AdamW'),
        ({'param_scheduler.0.type': 'LinearLr'}, 'param_scheduler.0.type: there is no LinearLr'),
        ({'default_hooks.logger.intervall': 5}, 'does not take intervall (did you mean interval'),
        ({'val_evaluator.type': 'DiceMetrik'}, 'there is no DiceMetrik (did you mean DiceMetric'),
        ({'train_dataloader.batchsize': 5}, 'train_dataloader does not take batchsize (did'),
        ({'visualizer.type': 'Visualiser'}, 'visualizer.type: there is no Visualiser (did you'),
    ],
)
def test_misspelt_types_and_keys(small_config, changes, words):
    """Written into the config file itself, where no option is checked."""
    small_config.merge_from_dict(changes)
    assert words in error_of(train, small_config)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'model.decode_head.loss_decode.0.loss_weight': float('nan')}, 'iteration 1: '),
        ({'model.decode_head.num_classes': 28}, 'num_classes=28 and the dataset has 29 classes'),
        (
            {'train_dataloader.dataset.pipeline.1.size': (100, 100)} | NO_PADDING,
            'images of 100 x 100',
        ),
    ],
)
def test_guards_stay_where_custom_hooks_are_replaced(small_config, changes, words):
    small_config.custom_hooks = [dict(type='CountingHook')]
    small_config.merge_from_dict(changes)
    assert words in error_of(train, small_config)


def test_a_checkpoint_of_a_different_model_is_refused(small_config, tmp_path):
    train(deepcopy(small_config))
    cfg = small_config
    cfg.custom_hooks = [dict(type='CountingHook')]
    cfg.load_from = str(Path(cfg.work_dir) / 'iter_2.pth')
    cfg.model.backbone.channels = (8, 8, 8, 8, 16)
    cfg.experiment_name = cfg.visualizer.name = f'refused_{tmp_path.name}'
    assert 'does not fit the config' in error_of(run_test, cfg)


def epochs(cfg, batch_size, drop_last=False):
    """Eight training images, each once per epoch."""
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
    cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    cfg.train_dataloader.update(batch_size=batch_size, drop_last=drop_last)
    cfg.train_dataloader.dataset.pipeline[1].size = (64, 64)
    cfg.model.data_preprocessor.size_divisor = 64
    return cfg


def test_batches_are_judged_before_the_first_one(small_config):
    CountingHook.trained = 0
    small_config.custom_hooks = [dict(type='CountingHook')]
    message = error_of(train, epochs(deepcopy(small_config), batch_size=11, drop_last=True))
    assert 'the training has no batches' in message
    cfg = epochs(small_config, batch_size=7)
    cfg.model.decode_head = dict(
        type='MultilabelPSPHead',
        in_channels=8,
        in_index=0,
        channels=8,
        num_classes=29,
        norm_cfg=dict(type='BN'),
    )
    message = error_of(train, cfg)
    assert 'in a batch of 1 and needs two: the last batch of each epoch is that small' in message
    assert 'drop_last=True' in message and CountingHook.trained == 0
