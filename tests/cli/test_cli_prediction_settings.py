"""Thresholds, steps after them, views and windows through the real tools."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from safetensors import safe_open
from scipy import ndimage

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.configuration import prediction_settings
from handbone.evaluation import read_thresholds
from handbone.masks import decode, string_to_runs

pytestmark = pytest.mark.slow


def masks(path):
    """By image and class, bool (320, 320)."""
    found = {}
    with path.open(newline='') as file:
        for row in csv.DictReader(file):
            runs = string_to_runs(row['rle'])
            mask = decode([runs], 320, 320) != 0
            found[row['image_name'], row['class']] = mask
    return found


@pytest.fixture(scope='module')
def tuned(run_tool, tiny_config, checkpoint, tmp_path_factory):
    """The file of thresholds tuned on the eight training images, and the log."""
    folder = tmp_path_factory.mktemp('tuned')
    out, _ = run_tool(
        'tune_thresholds.py', tiny_config, checkpoint, '--train', '--work-dir', folder
    )
    assert out.splitlines()[-1] == str(folder / 'thresholds.json')
    return folder / 'thresholds.json', out


def test_tuning(tuned, tiny_config, checkpoint):
    path, out = tuned
    content = json.loads(path.read_text())
    assert content['split'] == 'train' and content['images'] == 8
    assert content['config'] == str(tiny_config) and content['checkpoints'] == [str(checkpoint)]
    thresholds = read_thresholds(path, CLASSES)
    assert sum(threshold != 0.02 for threshold in thresholds) >= 5
    assert content['dice_after'] > content['dice_before']
    assert float(re.search(r'mDice/tuned: ([\d.]+)', out)[1]) == pytest.approx(
        content['dice_after'], abs=1e-4
    )


def test_out_of_fold(run_tool, tuned, tiny_config, checkpoint, tmp_path):
    """Three folds of one model hold each training image once: as if tuned on all of them."""
    content = torch.load(checkpoint, weights_only=True)
    weights = tmp_path / 'weights.pth'  # that do not tell by which images they were trained
    torch.save(dict(state_dict=content['state_dict']), weights)
    folds = ['tune_thresholds.py', tiny_config, weights, weights, weights]
    run_tool(*folds, '--tta', '--work-dir', tmp_path)
    content = json.loads((tmp_path / 'thresholds.json').read_text())
    assert content['images'] == 12 and content['augmented'] and len(content['checkpoints']) == 3
    assert read_thresholds(tmp_path / 'thresholds.json', CLASSES) != (0.02,) * len(CLASSES)


def test_thresholds_decide(run_tool, tuned, tiny_config, checkpoint, tmp_path):
    """A test on the images of the tuning reaches the Dice that the file says."""
    config = tmp_path / 'train_as_test.py'
    text = Config.fromfile(tiny_config)
    text.test_dataloader = text.val_dataloader
    text.test_dataloader.dataset.split = 'train'
    text.dump(config)
    run_tool('test.py', config, checkpoint, '--thresholds', tuned[0], '--work-dir', tmp_path)
    (log,) = tmp_path.glob('*/*.json')
    reached = json.loads(log.read_text())['mDice']
    content = json.loads(tuned[0].read_text())
    assert reached == pytest.approx(content['dice_after'], abs=2e-6)
    assert reached - content['dice_before'] > 1e-5


def test_thresholds_are_published(run_tool, tuned, checkpoint, tmp_path):
    out = tmp_path / 'shared.safetensors'
    run_tool('publish_model.py', checkpoint, '--thresholds', tuned[0], '--out', out)
    with safe_open(out, 'pt') as file:
        found = json.loads(file.metadata()['thresholds'])
    assert tuple(found) == read_thresholds(tuned[0], CLASSES)


def test_steps(run_tool, tiny_config, checkpoint, tested, tmp_path):
    """The CSV has the masks of the plain test, after the steps in their order."""
    out = tmp_path / 'masks.csv'
    run_tool(
        'test.py',
        tiny_config,
        checkpoint,
        *('--postprocess', 'LargestComponent,FillHoles'),
        *('--format-only', '--out', out, '--work-dir', tmp_path / 'work'),
    )
    plain, found = masks(tested[0] / 'masks.csv'), masks(out)
    assert list(plain) == list(found)
    changed = 0
    for key, mask in plain.items():
        if mask.any():
            labels, _ = ndimage.label(mask, np.ones((3, 3)))
            mask = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
        np.testing.assert_array_equal(found[key], ndimage.binary_fill_holes(mask))
        changed += (found[key] != plain[key]).any()
    assert changed > 10


def test_windows_and_views(run_tool, tiny_config, checkpoint, tested, tmp_path):
    """Both together run through the tool, on every image, and answer something else."""
    out = tmp_path / 'masks.csv'
    run_tool(
        'test.py',
        tiny_config,
        checkpoint,
        *('--tta', '--format-only', '--out', out, '--work-dir', tmp_path / 'work'),
        '--cfg-options',
        'model.test_cfg.mode=slide',
        'model.test_cfg.crop_size=(128,192)',
        'model.test_cfg.stride=(128,64)',
        'model.test_cfg.window_batch=2',
        'model.test_cfg.logit_stride=4',
        'tta_merge=logits',
    )
    plain, found = masks(tested[0] / 'masks.csv'), masks(out)
    assert list(plain) == list(found)
    assert any((found[key] != plain[key]).any() for key in plain)
    assert np.mean([mask.mean() for mask in found.values()]) > 0.02


def test_refusals(tuned, tiny_config, checkpoint, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    content = json.loads(tuned[0].read_text())
    content['classes']['femur'] = content['classes'].pop('Ulna')
    other = tmp_path / 'other.json'
    other.write_text(json.dumps(content))
    for tool, arguments, words in (
        ('test', ('--thresholds', other), f'{other}: thresholds of a different class list'),
        ('test', ('--thresholds', tmp_path / 'none.json'), 'none.json'),
        ('test', ('--postprocess', 'Smooth'), "there is no step 'Smooth'; the steps are"),
        ('test', ('--tta', '--cfg-options', 'tta_merge=votes'), "merge must be 'probabilities' or"),
        (
            'tune-thresholds',
            ('--cfg-options', 'val_dataloader.dataset.data_root=nowhere'),
            'the folder does not exist',
        ),
    ):
        with pytest.raises(SystemExit):
            main([tool, *map(str, (tiny_config, checkpoint, *arguments))])
        assert words in capsys.readouterr().err


def test_steps_of_a_config(tiny_config):
    cfg = Config.fromfile(tiny_config)
    step = dict(type='FillHoles', classes=['Lunate'], largest=0.01)
    cfg.model.test_cfg.postprocess = [step, dict(type='LeastArea')]
    prediction_settings.use_postprocessing(cfg, ['LargestComponent', 'FillHoles'])
    prediction_settings.index_postprocessing(cfg)
    assert cfg.model.test_cfg.postprocess == [
        dict(type='LargestComponent'),
        dict(type='FillHoles', classes=[CLASSES.index('Lunate')], largest=0.01),
    ]
    prediction_settings.use_postprocessing(cfg, ())
    assert cfg.model.test_cfg.postprocess == []
