"""Folds by the functions of handbone.apis: what they start and what they find."""

import json
import shutil

import pytest
import torch
from mmengine.config import Config

from handbone.apis import (
    fold_checkpoints,
    fold_testing,
    fold_training,
    predict_ensemble,
    train_folds,
)
from handbone.apis.fold_testing import find_folds
from handbone.apis.kept_folds import kept_fold_file, number_of_folds
from handbone.configuration.config_file import read_config_file
from handbone.datasets.fold_file import write_fold_file
from handbone.errors import HandboneError
from handbone.machine import graphics_cards


def save(path, step, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = dict(iter=step, epoch=0, time=f'2026010{step}')
    torch.save(dict(state_dict={}, meta=meta, **more), path)
    return str(path)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text(
        "train_dataloader = dict(dataset=dict(type='XRayHandBoneDataset', split='train'))\n"
        "val_dataloader = dict(dataset=dict(type='XRayHandBoneDataset', split='train'))\n"
    )
    return path


@pytest.fixture
def started(monkeypatch):
    """The trainings that were started; each leaves a checkpoint and ends at once."""
    commands, codes = [], {}

    class Training:
        def __init__(self, command, env, **streams):
            folder = command[command.index('--work-dir') + 1]
            commands.append((command, env))
            save(fold_training.Path(folder) / 'iter_2.pth', 2, optimizer={})
            self.returncode = codes.get(folder[-1], 0)

        def poll(self):
            return self.returncode

    monkeypatch.setattr(fold_training.subprocess, 'Popen', Training)
    monkeypatch.setattr(fold_training, 'CHECK_INTERVAL', 0)
    monkeypatch.setattr(graphics_cards, 'trainable_cards', lambda: [*'012345'])
    return commands, codes


def test_two_folders_of_one_fold(config, started, tmp_path):
    train_folds(config, tmp_path / 'folds', 2, slots=['0'])
    (tmp_path / 'folds/fold_00').mkdir()
    with pytest.raises(HandboneError, match='two folders of fold 0: fold_0 and fold_00'):
        find_folds(tmp_path / 'folds')


def test_a_gpu_that_is_not_there_is_one_line(config, started, tmp_path):
    with pytest.raises(HandboneError, match='there is no GPU 9; name some of these: 0, 1'):
        train_folds(config, tmp_path / 'folds', 2, slots=['0', '9'])
    assert not started[0]
    train_folds(config, tmp_path / 'folds', 2, slots=['0'])
    train_folds(config, tmp_path / 'folds', 2, slots=['9'])  # nothing is left to train


def test_folds_are_trained_once_each_on_its_gpu(config, started, tmp_path):
    commands, _ = started
    work_dir = tmp_path / 'folds'
    option = 'train_dataloader.dataset.split=train'
    folders = train_folds(config, work_dir, 3, [option], slots=['4', '5'])
    assert folders == [work_dir / f'fold_{fold}' for fold in range(3)] == find_folds(work_dir)
    assert len(commands) == 3 and {env['CUDA_VISIBLE_DEVICES'] for _, env in commands} == {'4', '5'}
    # as nvidia-smi counts; by itself CUDA counts the fastest first
    assert {env['CUDA_DEVICE_ORDER'] for _, env in commands} == {'PCI_BUS_ID'}
    for fold, (command, _) in enumerate(commands):
        assert str(config) in command and '--resume' not in command
        assert command[command.index('--cfg-options') + 1 :] == [
            option,
            *(f'{loader}_dataloader.dataset.{key}' for loader in ('train', 'val') for key in (
                f'fold={fold}', 'num_folds=3',
            )),
        ]  # fmt: skip
        assert json.loads((folders[fold] / 'finished.json').read_text()) == dict(fold=fold, folds=3)
    train_folds(config, work_dir, 3)
    assert len(commands) == 3
    with pytest.raises(HandboneError, match='fold 3 of 3 does not exist'):
        train_folds(config, work_dir, 3, folds=[3])


def test_folds_that_fail_are_named_and_continue(config, started, tmp_path):
    commands, codes = started
    codes['1'] = 7
    with pytest.raises(HandboneError, match=r'1 of 2 folds are not trained: 1 \(exit code 7\)'):
        train_folds(config, tmp_path, 2)
    with pytest.raises(HandboneError, match='not finished: 1'):
        find_folds(tmp_path)
    codes.clear()
    train_folds(config, tmp_path, 2)
    assert len(commands) == 3 and '--resume' in commands[-1][0]
    assert len(find_folds(tmp_path)) == 2


def test_checkpoints_of_folds(tmp_path):
    folders = [tmp_path / 'work' / f'fold_{fold}' for fold in range(2)]
    best = [save(folder / 'best_mDice_iter_3.pth', 3) for folder in folders]
    last = [save(folder / 'iter_3.pth', 3, optimizer={}) for folder in folders]
    cfg = Config(dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook'))))
    assert fold_checkpoints(cfg, folders) == best
    assert fold_checkpoints(cfg, folders, last=True) == last
    cfg.default_hooks.checkpoint.out_dir = str(tmp_path / 'elsewhere')
    for choice in (True, False):
        with pytest.raises(FileNotFoundError, match='no checkpoint in .*elsewhere/fold_0'):
            fold_checkpoints(cfg, folders, last=choice)
    weights = [save(tmp_path / 'elsewhere' / f'fold_{fold}' / 'iter_4.pth', 4) for fold in range(2)]
    assert fold_checkpoints(cfg, folders, last=True) == weights  # saved without an optimizer


@pytest.mark.parametrize(
    ('scored', 'visualizer'), [(True, dict(type='V')), (False, dict(type='V')), (True, None)]
)
def test_ensemble_of_folds(monkeypatch, tmp_path, scored, visualizer):
    """One model per checkpoint, the CSV by a hook, and the caller's config as it was."""
    voted = []

    def vote(models, merge, one_at_a_time):
        voted.append((models, merge, one_at_a_time))
        return dict(mDice=0.5)

    monkeypatch.setattr(fold_testing, 'soft_vote', vote)
    own = dict(type='LossHook')
    cfg = Config(dict(test_evaluator=dict(type='DiceMetric'), custom_hooks=[own]))
    if visualizer is not None:
        cfg.visualizer = visualizer
    before = cfg.to_dict()
    out = tmp_path / 'test.csv'
    settings = dict(image_name='path', scored=scored, merge='logits', one_at_a_time=True)
    found = predict_ensemble(cfg, ['a.pth', 'b.pth'], out, tmp_path / 'work', **settings)
    assert found == dict(mDice=0.5) and cfg.to_dict() == before
    ((models, *how),) = voted
    assert how == ['logits', True]
    assert [model.checkpoint for model in models] == ['a.pth', 'b.pth']
    for model in models:
        assert model.weight == 1 and model.config.work_dir == str(tmp_path / 'work')
        assert model.config.custom_hooks == [
            own,
            dict(type='RLESubmissionHook', out_file=str(out), image_name='path'),
        ]
        assert model.config.test_evaluator.get('format_only', False) != scored


def test_a_csv_of_folds_stays_with_the_trainings(config, started, tmp_path):
    commands, _ = started
    work_dir, given = tmp_path / 'work', tmp_path / 'given.csv'
    write_fold_file(given, {'a': 0, 'b': 1, 'c': 1})
    train_folds(config, work_dir, 2, fold_file=given)
    kept = work_dir / 'folds.csv'
    assert kept.read_bytes() == given.read_bytes() and kept_fold_file(work_dir) == kept
    for command, _ in commands:
        for loader in ('train', 'val'):
            assert f'{loader}_dataloader.dataset.fold_file={kept}' in command
    train_folds(config, work_dir, 2)  # it need not be named again
    assert len(commands) == 2 and number_of_folds(work_dir, None) == 2
    write_fold_file(given, {'a': 1, 'b': 0, 'c': 1})
    with pytest.raises(HandboneError, match=r'work.folds\.csv has other folds than .*given\.csv'):
        train_folds(config, work_dir, 2, fold_file=given)
    with pytest.raises(HandboneError, match=r'given\.csv has 2 folds, not 3'):
        train_folds(config, tmp_path / 'other', 3, fold_file=given)
    assert not (tmp_path / 'other').exists() and number_of_folds(tmp_path / 'other', None) == 5


def test_pseudo_labels_beside_the_folds(started, phantom_root, tmp_path):
    """The real images alone are divided; pseudo-labels of their patients are refused."""
    commands, _ = started
    config, pseudo = tmp_path / 'both.py', tmp_path / 'pseudo'
    shutil.copytree(phantom_root / 'train', pseudo)
    (pseudo / 'DCM/ID001').rename(pseudo / 'DCM/ID901')
    (pseudo / 'outputs_json/ID001').rename(pseudo / 'outputs_json/ID901')
    config.write_text(
        f"real = dict(type='XRayHandBoneDataset', data_root='{phantom_root}')\n"
        "pseudo = dict(type='XRayHandBoneDataset', ann_file='images.txt', data_root="
        f"'{pseudo}', data_prefix=dict(img_path='DCM', ann_path='outputs_json'))\n"
        "train_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=[pseudo, real]))\n"
        'val_dataloader = dict(dataset=real)\n'
    )
    (pseudo / 'images.txt').write_text('ID901\nID002\n')
    place = r'train_dataloader\.dataset\.datasets'
    with pytest.raises(HandboneError, match=rf"leak: {place}\.0 .* 1 patient of .* \('ID002'\)"):
        train_folds(config, tmp_path / 'folds', 3)
    assert not commands
    (pseudo / 'images.txt').write_text('ID901\n')
    train_folds(config, tmp_path / 'folds', 3)
    for fold, (command, _) in enumerate(commands):
        cfg = read_config_file(config, command[command.index('--cfg-options') + 1 :])
        listed, real = cfg.train_dataloader.dataset.datasets
        assert 'fold' not in listed and (real.fold, real.num_folds) == (fold, 3)
        assert cfg.val_dataloader.dataset.fold == fold
