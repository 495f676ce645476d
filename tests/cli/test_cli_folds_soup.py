"""Cross-validation and soups from end to end."""

import csv
import json
import os
import sys
import time

import numpy as np
import pytest
import torch
from mmengine.config import Config
from test_cli_train_test import decode_csv
from tool_process import REPOSITORY, SHORT, TIMEOUT, Tool
from warm_process import warm_python

from handbone.apis.fold_testing import find_folds
from handbone.apis.fold_training import FoldTraining
from handbone.apis.threshold_tuning import _check_fold, _take_training_images
from handbone.bones import CLASSES
from handbone.configuration.fold_config import fold_settings
from handbone.datasets.folds import in_fold
from handbone.errors import HandboneError
from handbone.folder_lock import locked_folder


def patients(root):
    return [path.parent.name for path in sorted(root.glob('train/DCM/*/*.png'))]


@pytest.mark.slow
def test_finished_folds_are_passed_over(folds):
    work_dir, out = folds
    assert 'fold 1 is finished' in out and 'fold 1 begins' not in out
    assert 'fold 0 begins' in out and 'fold 0 is finished' in out
    for fold in range(2):
        dataset = Config.fromfile(work_dir / f'fold_{fold}' / 'tiny.py').train_dataloader.dataset
        assert (dataset.fold, dataset.num_folds) == (fold, 2)
    assert find_folds(work_dir) == [work_dir / 'fold_0', work_dir / 'fold_1']


@pytest.mark.slow
def test_out_of_fold_and_ensemble(run_tool, tiny_config, folds, phantom_root, tmp_path):
    """Each training image once, scored by the model that has not seen it."""
    out, _ = run_tool(
        'test_folds.py',
        *(tiny_config, folds[0]),
        *('--out-of-fold', tmp_path / 'oof.csv', '--out', tmp_path / 'test.csv'),
    )
    images = sorted(phantom_root.glob('train/DCM/*/*.png'))
    assert list(decode_csv(tmp_path / 'oof.csv', (320, 320))) == [path.name for path in images]
    tests = sorted(phantom_root.glob('test/DCM/*/*.png'))
    assert list(decode_csv(tmp_path / 'test.csv', (320, 320))) == [path.name for path in tests]
    with (folds[0] / 'dice_out_of_fold.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    held_out = in_fold(patients(phantom_root), 1, 2)
    assert [int(row['fold']) for row in rows] == held_out.astype(int).tolist()
    with (folds[0] / 'dice_by_fold.csv').open(newline='') as file:
        table = {row['name']: row for row in csv.DictReader(file)}
    for name in CLASSES:
        scores = np.array([float(row[name]) for row in rows])
        assert float(table[name]['all']) == pytest.approx(scores.mean(), abs=1e-5)
        assert float(table[name]['fold 1']) == pytest.approx(scores[held_out].mean(), abs=1e-5)
    assert 'Out-of-fold Dice of 12 images' in out and 'group carpals' in out
    assert 'Dice of 3 images' in out


@pytest.mark.slow
def test_greedy_soup(run_tool, tiny_config, checkpoint, trained, tmp_path):
    """It scores no worse than its best ingredient, and can be tested like any checkpoint."""
    files = [checkpoint, *(trained[0] / f'iter_{step}.pth' for step in (2, 4))]
    soup = tmp_path / 'soup.pth'
    out, _ = run_tool(
        'soup.py',
        *(tiny_config, *files, '--out', soup, '--method', 'greedy'),
        *('--update-batch-norm', 3, '--work-dir', tmp_path / 'work'),
    )
    scores = {
        line.split(': mean Dice ')[0]: float(line.split(': mean Dice ')[1].split(',')[0])
        for line in out.splitlines()
        if ', in the soup' in line or ', left out' in line
    }
    assert list(scores) == list(map(str, files))
    reached = float(out.splitlines()[-1].split('mean Dice ')[1].split()[0])
    assert reached >= max(scores.values())
    content = torch.load(soup)  # weights and texts only
    assert content['meta']['soup']['method'] == 'greedy'
    assert list(content['meta']['dataset_meta']['classes']) == list(CLASSES)
    tested, _ = run_tool('test.py', tiny_config, soup, '--val', '--work-dir', tmp_path / 'test')
    assert f'mDice: {reached:.4f}' in tested


@pytest.mark.slow
def test_uniform_soup(run_tool, tiny_config, trained, checkpoint, tmp_path):
    files = [trained[0] / 'iter_2.pth', checkpoint]
    run_tool('soup.py', tiny_config, *files, '--out', tmp_path / 'soup.pth')
    soup, *states = (
        torch.load(path, weights_only=False)['state_dict']
        for path in (tmp_path / 'soup.pth', *files)
    )
    for name, weight in soup.items():
        if weight.is_floating_point():
            assert torch.allclose(weight, (states[0][name] + states[1][name]) / 2, atol=1e-6), name
        else:
            assert weight == states[0][name]


def test_settings_of_a_fold():
    wrapped = dict(dataset=dict(type='RepeatDataset', dataset=dict(type='Any')))
    cfg = Config(dict(train_dataloader=wrapped, val_dataloader=dict(dataset=dict(type='Any'))))
    assert fold_settings(cfg, 1, 3) == {
        'train_dataloader.dataset.dataset.fold': 1,
        'train_dataloader.dataset.dataset.num_folds': 3,
        'val_dataloader.dataset.fold': 1,
        'val_dataloader.dataset.num_folds': 3,
    }
    with pytest.raises(ValueError, match='fold 3 of 3 does not exist'):
        fold_settings(cfg, 3, 3)


@pytest.mark.slow
def test_folds_whose_checkpoints_lie_elsewhere(run_tool, train_folds, tiny_config, tmp_path):
    """They are finished too, and found by the test."""
    elsewhere = f'default_hooks.checkpoint.out_dir={tmp_path / "fast"}'
    work_dir = tmp_path / 'work'
    options = (tiny_config, '--folds', 2, '--work-dir', work_dir, *SHORT, elsewhere)
    train_folds(*options)
    assert not list(work_dir.rglob('iter_*.pth'))
    out = train_folds(*options)
    assert out.count('is finished') == 2 and 'begins' not in out
    command = ('test_folds.py', tiny_config, work_dir, '--out-of-fold', tmp_path / 'oof.csv')
    run_tool(*command, '--image-name', 'path', '--cfg-options', elsewhere)
    assert all('/' in name for name in decode_csv(tmp_path / 'oof.csv', (320, 320)))


def test_checkpoints_of_other_folds_are_not_tuned_on(tmp_path):
    text = 'train_dataloader = dict(dataset=dict(dataset=dict(fold=1, num_folds=5)))\n'
    torch.save(dict(meta=dict(cfg=text), state_dict={}), tmp_path / 'a.pth')
    _check_fold(str(tmp_path / 'a.pth'), 1, 5)
    for fold, num_folds in ((0, 5), (1, 4)):
        with pytest.raises(ValueError, match=r'a\.pth was trained without fold 1 of 5, but'):
            _check_fold(str(tmp_path / 'a.pth'), fold, num_folds)


def test_checkpoints_of_another_csv_of_folds_are_not_tuned_on(tmp_path):
    dataset = "dict(fold=1, num_folds=5, fold_file='work/folds.csv')"
    text = f'train_dataloader = dict(dataset={dataset})\n'
    torch.save(dict(meta=dict(cfg=text), state_dict={}), tmp_path / 'a.pth')
    _check_fold(str(tmp_path / 'a.pth'), 1, 5, 'work/folds.csv')
    with pytest.raises(
        ValueError, match=r'a\.pth was trained on the folds of work/folds\.csv, but'
    ):
        _check_fold(str(tmp_path / 'a.pth'), 1, 5)


def test_training_images_need_folds():
    cfg = Config(dict(val_dataloader=dict(dataset=dict(dataset=dict(type='Any', fold=None)))))
    with pytest.raises(ValueError, match='--train uses the images of the other folds'):
        _take_training_images(cfg)
    cfg.val_dataloader.dataset.dataset.fold = 0
    _take_training_images(cfg)
    assert cfg.val_dataloader.dataset.dataset.split == 'train'


def test_unfinished_folds(tmp_path):
    with pytest.raises(ValueError, match='no finished fold'):
        find_folds(tmp_path)
    for fold in (0, 2):
        folder = tmp_path / f'fold_{fold}'
        folder.mkdir()
        (folder / 'finished.json').write_text(json.dumps(dict(fold=fold, folds=3)))
    with pytest.raises(ValueError, match='should have 3 finished folds; not finished: 1'):
        find_folds(tmp_path)


@pytest.mark.parametrize(
    'text',
    [
        '{',
        '{}',
        '[]',
        '[' * 100_000,
        '{"fold": 0, "folds": true}',
        '{"fold": 0, "folds": "2"}',
        '{"fold": 0, "folds": 0}',
        '{"fold": 1, "folds": 2}',
        '{"folds": 2}',
    ],
)
def test_damaged_notes_of_finished_folds(tmp_path, text):
    (tmp_path / 'fold_0').mkdir()
    path = tmp_path / 'fold_0' / 'finished.json'
    path.write_text(text)
    with pytest.raises(HandboneError) as caught:
        find_folds(tmp_path)
    message = str(caught.value)
    assert message.startswith(str(path)) and 'remove the file and start' in message
    assert '\n' not in message and len(message) < 1000


def test_a_note_of_more_folds_than_anyone_trains(tmp_path):
    (tmp_path / 'fold_0').mkdir()
    (tmp_path / 'fold_0' / 'finished.json').write_text(json.dumps(dict(fold=0, folds=10**12)))
    with pytest.raises(HandboneError, match='not finished: 1, 2, 3') as caught:
        find_folds(tmp_path)
    assert len(str(caught.value)) < 1000


@pytest.mark.slow
def test_spread_over_gpus_and_stopped(tiny_config, tmp_path):
    """Each training sees its GPU, and none outlives the tool."""
    config = tmp_path / 'waits.py'
    config.write_text(
        f"_base_ = ['{tiny_config}']\n"
        "custom_imports = dict(imports=['waits_for_its_end'], allow_failed_imports=False)\n"
    )
    (tmp_path / 'waits_for_its_end.py').write_text(
        'import os, sys, time\n'
        'if sys.argv[0].endswith("train.py"):\n'
        f'    name = "{tmp_path}/" + os.environ["CUDA_VISIBLE_DEVICES"]\n'
        '    open(name + ".part", "w").write(str(os.getpid()))\n'
        '    os.rename(name + ".part", name)\n'
        '    time.sleep(600)\n'
        'from handbone.machine import graphics_cards\n'
        'graphics_cards.trainable_cards = lambda: ["4", "7"]\n'
    )
    tool = Tool(
        'train_folds.py',
        *(config, '--folds', 3, '--work-dir', tmp_path / 'work', '--gpus', '4,7'),
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(REPOSITORY)]),
    )
    try:
        until = time.monotonic() + TIMEOUT
        while not all((tmp_path / gpu).exists() for gpu in '47') and time.monotonic() < until:
            time.sleep(0.1)
        trainings = [int((tmp_path / gpu).read_text()) for gpu in '47']
    finally:
        tool.process.terminate()
    tool.finish(143)
    for process in trainings:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert sorted(each.name for each in (tmp_path / 'work').iterdir()) == ['fold_0', 'fold_1']


def test_fold_of_another_process(tiny_config, tmp_path):
    """Two nodes with one folder do not train one fold twice."""
    with (
        locked_folder(tmp_path / 'fold_0'),
        pytest.raises(ValueError, match=r'1 of 1 folds .* 0 \(.*fold_0: another run is writing'),
    ):
        FoldTraining(tiny_config, tmp_path, 2).train([0], [None])


@pytest.mark.slow
def test_failing_fold(tiny_config, tmp_path, capfd, monkeypatch):
    """The end of its output is shown; the exit code is told."""
    monkeypatch.setattr(sys, 'executable', str(warm_python()))
    training = FoldTraining(tiny_config, tmp_path, 50)
    with pytest.raises(ValueError, match=r'1 of 1 folds .* 3 \(exit code 1\)'):
        training.train([3], [None, None])
    assert '6 patients cannot be divided into 50 folds' in capfd.readouterr().err
