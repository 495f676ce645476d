"""tools/train.py and tools/test.py from end to end."""

import csv
import json
import math
import re
import shutil
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config

from handbone.bones import CLASSES
from handbone.masks import planes_last, unpack

pytestmark = pytest.mark.slow


def decode_csv(path, shape):
    """Masks of a submission, bool (classes, height, width) by image name, in file order."""
    csv.field_size_limit(sys.maxsize)  # masks of a model that learned nothing are long
    masks = {}
    with path.open(newline='') as file:
        for row in csv.DictReader(file):
            flat = np.zeros(shape[0] * shape[1], bool)
            numbers = [int(number) for number in row['rle'].split()]
            for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                flat[start - 1 : start - 1 + length] = True
            masks.setdefault(row['image_name'], {})[row['class']] = flat.reshape(shape)
    assert all(tuple(of_image) == CLASSES for of_image in masks.values())
    return {name: np.stack(list(of_image.values())) for name, of_image in masks.items()}


def logged(work_dir):
    """The lines of the newest JSON log of a run."""
    log = max(work_dir.glob('*/vis_data/[0-9]*.json'), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_training(trained):
    work_dir, out = trained
    assert {path.name for path in work_dir.glob('iter_*.pth')} == {'iter_2.pth', 'iter_4.pth'}
    assert len(list(work_dir.glob('best_mDice_iter_*.pth'))) == 1
    assert (work_dir / 'tiny.py').is_file()
    lines = logged(work_dir)
    losses = [line['loss'] for line in lines if 'loss' in line]
    assert len(losses) == 4 and np.isfinite(losses).all()
    scores = [line for line in lines if 'mDice' in line]
    assert len(scores) == 2
    assert {'Dice/fingers', 'Dice/carpals', 'Dice/forearm'} < set(scores[0])
    assert 'Output biases of 1 head(s)' in out
    assert 'Training on the CPU: 8 images, validation with 4 images, 4 iterations' in out
    assert re.search(r'Iteration 2 of 4, loss [\d.]+, [\d.]+ s per iteration, \d+ s left', out)
    assert f'best checkpoint: {next(work_dir.glob("best*"))}' in out.splitlines()[-1]
    assert all(re.search(rf'\| {name} ', out) for name in CLASSES)


def test_the_terminal_is_for_people_and_the_log_for_everything(trained):
    work_dir, out = trained
    (log,) = work_dir.glob('*/*.log')
    text = log.read_text()
    for words in ('System environment', 'Config:', 'Hooks will be executed', 'decode.bce', 'OneDL'):
        assert words in text and words not in out
    assert 'deprecated' not in out
    # tables apart, every line begins with the time
    lines = [line for line in out.splitlines() if line and line[0] not in '+|']
    assert all(re.match(r'\d\d:\d\d:\d\d  \S', line) for line in lines), lines
    assert len(lines) < 20


def test_training_starts_from_class_frequencies(trained):
    """The first loss is near that of constant predictions at the classes' frequencies."""
    losses = Config.fromfile(trained[0] / 'tiny.py').model.decode_head.loss_decode
    weight = next(loss.loss_weight for loss in losses if loss.type == 'MultilabelBCELoss')
    first = next(line for line in logged(trained[0]) if 'loss' in line)
    assert first['decode.bce'] / weight < 0.1  # at a probability of one half it is log 2 = 0.69


def test_resume_goes_on(run_tool, tiny_config, trained, tmp_path):
    work_dir = tmp_path / 'work'
    shutil.copytree(trained[0], work_dir)
    out, _ = run_tool(
        'train.py',
        tiny_config,
        *('--work-dir', work_dir, '--resume', '--cfg-options', 'train_cfg.max_iters=6'),
    )
    assert 'Continuing after iteration 4 from' in out
    assert [line['step'] for line in logged(work_dir) if 'loss' in line] == [5, 6]
    assert (work_dir / 'iter_6.pth').is_file()
    assert 'Output biases' not in out
    moments = torch.load(work_dir / 'iter_6.pth', weights_only=False)['optimizer']['state']
    assert {int(entry['step']) for entry in moments.values()} == {6}


def test_scores(tested):
    folder, out = tested
    assert 'Dice of 3 images' in out
    tables = list((folder / 'work').glob('*/dice_per_image.csv'))
    assert len(tables) == 1
    score = float(re.search(r'mDice: ([\d.]+)', out).group(1))
    with tables[0].open(newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['image'].endswith('.png')]
    assert len(rows) == 3
    assert np.mean([float(row[name]) for row in rows for name in CLASSES]) == pytest.approx(
        score, abs=1e-4
    )
    assert 0.001 < score < 0.5


def test_overlays(tested, phantom_root):
    names = {path.stem for path in phantom_root.glob('test/DCM/*/*.png')}
    drawn = {path.stem for path in (tested[0] / 'overlays').glob('*.jpg')}
    assert drawn == names | {'worst'}


def test_a_config_of_little_more_than_a_model(run_tool, tiny_config, checkpoint, tested, tmp_path):
    """What the options need is added; halves of a training and a validation are left out."""
    cfg = Config.fromfile(tiny_config)
    for name in ('default_hooks', 'visualizer', 'test_evaluator', 'val_evaluator', 'train_cfg'):
        cfg.pop(name)
    cfg.dump(tmp_path / 'little.py')
    run_tool(
        'test.py',
        tmp_path / 'little.py',
        checkpoint,
        *('--work-dir', tmp_path / 'work', '--show-dir', tmp_path / 'overlays'),
        *('--uncertainty', tmp_path / 'uncertainty.csv'),
    )
    drawn = {path.name for path in (tmp_path / 'overlays').iterdir()}
    assert drawn == {path.name for path in (tested[0] / 'overlays').iterdir()}
    with (tmp_path / 'uncertainty.csv').open(newline='') as file:
        assert len(list(csv.DictReader(file))) == 3 * len(CLASSES)


def test_csv_holds_the_predicted_masks(tested, tiny_config, checkpoint, load_model):
    decoded = decode_csv(tested[0] / 'masks.csv', (320, 320))
    samples = load_model(tiny_config, checkpoint).predict()
    assert list(decoded) == [sample.image_name for sample in samples]
    for sample in samples:
        expected = unpack(planes_last(sample.pred_sem_seg.data), len(CLASSES))
        assert (decoded[sample.image_name] == expected).all()
        assert 0.05 < expected.mean() < 0.6
        assert expected.any(axis=(1, 2)).all() and not expected.all(axis=(1, 2)).any()


def test_format_only_needs_no_truth(
    run_tool, tiny_config, checkpoint, tested, phantom_root, tmp_path
):
    shutil.copytree(phantom_root / 'test' / 'DCM', tmp_path / 'data' / 'test' / 'DCM')
    out, _ = run_tool(
        'test.py',
        tiny_config,
        checkpoint,
        *('--format-only', '--work-dir', tmp_path / 'work'),
        *('--cfg-options', f'test_dataloader.dataset.data_root={tmp_path / "data"}'),
    )
    assert 'Testing' in out and 'Dice' not in out
    written = tmp_path / 'work' / 'submission.csv'
    assert written.read_bytes() == (tested[0] / 'masks.csv').read_bytes()


def test_augmented_views_are_averaged(
    run_tool, tiny_config, checkpoint, tested, load_model, tmp_path
):
    """--tta writes the masks of the mean probability of an image and its mirror image."""
    out, _ = run_tool(
        'test.py',
        tiny_config,
        checkpoint,
        *('--tta', '--out', tmp_path / 'masks.csv', '--work-dir', tmp_path / 'work'),
    )
    assert 'Dice of 3 images' in out
    decoded = decode_csv(tmp_path / 'masks.csv', (320, 320))
    model = load_model(tiny_config, checkpoint)
    straight = [sample.seg_logits.data for sample in model.predict()]
    pipeline = model.dataset.pipeline.transforms
    pipeline.insert(2, lambda results: results | dict(img=results['img'][:, ::-1].copy()))
    samples = model.predict()
    for sample, logits in zip(samples, straight, strict=True):
        mirrored = sample.seg_logits.data.flip(2)
        mean = (logits.sigmoid() + mirrored.sigmoid()) / 2
        logits = torch.logit(mean, eps=1e-6)[None]
        above = F.interpolate(logits, (320, 320), mode='bilinear')[0] - math.log(0.02 / 0.98)
        found = torch.from_numpy(decoded[sample.image_name])
        assert ((found != (above > 0)) & (above.abs() > 1e-3)).sum() == 0
    plain = decode_csv(tested[0] / 'masks.csv', (320, 320))
    assert any((plain[name] != decoded[name]).mean() > 0.01 for name in plain)


def test_a_config_without_validation_images(run_tool, tiny_config, trained, tmp_path):
    config = tmp_path / 'tested.py'
    lines = [f"_base_ = ['{tiny_config}']", 'val_dataloader = val_cfg = val_evaluator = None', '']
    config.write_text('\n'.join(lines))
    first, last = (trained[0] / f'iter_{step}.pth' for step in (2, 4))
    soup = tmp_path / 'soup.pth'
    for command in (
        ('test.py', config, last, '--val'),
        ('tune_thresholds.py', config, last, '--out', tmp_path / 'thresholds.json'),
        ('tune_thresholds.py', config, last, '--out', tmp_path / 'thresholds.json', '--tta'),
        ('soup.py', config, first, last, '--out', soup, '--method', 'greedy'),
    ):
        _, errors = run_tool(*command, '--work-dir', tmp_path, expected=1)
        assert f'{config} has no val_dataloader, so no images are held out' in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ['tested.py']
    run_tool('soup.py', config, first, last, '--out', soup, '--update-batch-norm', 3)
    assert soup.exists()


def test_validation_images(run_tool, tiny_config, trained, tmp_path):
    """--val scores the held-out images, and a checkpoint as training scored it."""
    out, _ = run_tool(
        'test.py', tiny_config, trained[0] / 'iter_4.pth', '--val', '--work-dir', tmp_path
    )
    assert 'Dice of 4 images' in out
    scores = [line['mDice'] for line in logged(trained[0]) if 'mDice' in line]
    (path,) = tmp_path.glob('*/*.json')
    assert json.loads(path.read_text())['mDice'] == scores[-1] > 0
