"""Whether a run is kept: by its held-out patients, and not if it was trained on them."""

import json

import numpy as np
import pytest

from handbone.apis.run_verdict import judge_run
from handbone.errors import HandboneError
from handbone.evaluation import bootstrap_difference

PATIENTS = [f'ID{number:02d}' for number in range(8)]
BASE = np.random.default_rng(0).uniform(0.6, 0.9, (16, 2))


def write_run(folder, scores, iterations=100, config='', images=None):
    """Write what a training with one validation leaves in its work dir."""
    logs = folder / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    lines = [dict(step=iterations, loss=1.0), dict(step=iterations, mDice=float(scores.mean()))]
    (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)) + '\n')
    (logs / 'config.py').write_text(config)
    images = images or [f'data/train/DCM/{name}/{side}.png' for name in PATIENTS for side in 'LR']
    rows = [
        f'{image},{row.mean()},{row[0]},{row[1]}' for image, row in zip(images, scores, strict=True)
    ]
    table = '\n'.join(['image,mean,heart,lung', *rows]) + '\n'
    (folder / '20260101_000000' / 'dice_per_image.csv').write_text(table)
    return folder


def test_a_clear_gain_is_kept_and_its_interval_is_that_of_patients(tmp_path):
    gains = np.repeat(np.random.default_rng(1).normal(0.03, 0.01, 8), 2)[:, None]
    run = write_run(tmp_path / 'new', BASE + gains)
    verdict = judge_run(run, write_run(tmp_path / 'old', BASE))
    patients = [name for name in PATIENTS for _ in 'LR']
    expected = bootstrap_difference(BASE + gains, BASE, patients)
    np.testing.assert_allclose(verdict.difference[:3], expected[:3], atol=1e-5)
    assert verdict.kept and verdict.difference.groups == 8
    assert verdict.text().splitlines()[-1].startswith(f'Kept: better by {expected.mean:+.4f} Dice')
    assert not judge_run(tmp_path / 'old', run).kept


def test_a_gain_that_may_be_chance_is_not_kept(tmp_path):
    noise = np.repeat(np.random.default_rng(2).normal(0.001, 0.03, 8), 2)[:, None]
    run = write_run(tmp_path / 'new', BASE + noise, iterations=200)
    verdict = judge_run(run, write_run(tmp_path / 'old', BASE))
    assert not verdict.kept
    lines = verdict.text().splitlines()
    assert lines[-1].startswith('Not kept: ') and '8 patients' in lines[-1]
    assert lines[-2].startswith('The runs had 200 and 100 iterations')


def test_pseudo_labels_of_held_out_patients_are_a_leak(tmp_path):
    labels = tmp_path / 'pseudo'
    labels.mkdir()
    (labels / 'settings.json').write_text('{}')
    (labels / 'images.txt').write_text('ID90/a.png\nID91/b.png\n')
    pseudo = dict(
        type='X', data_prefix=dict(img_path='images', ann_path=str(labels / 'outputs_json'))
    )
    config = f'train_dataloader = dict(dataset=dict(datasets=[dict(data_root="r"), {pseudo!r}]))\n'
    run = write_run(tmp_path / 'new', BASE + 0.01, config=config)
    old = write_run(tmp_path / 'old', BASE)
    assert judge_run(run, old).kept
    (labels / 'images.txt').write_text('ID90/a.png\nID03/b.png\n')
    for pair in ((run, old), (old, run)):
        with pytest.raises(HandboneError, match=r"new: leak: .* 1 patient .*\('ID03'\)"):
            judge_run(*pair)


def held_out(**settings):
    dataset = dict(type='XRayHandBoneDataset', data_root='data', split='val', **settings)
    return f'val_dataloader = dict(dataset={dataset!r})\n'


def test_several_images_of_one_patient_are_no_interval(tmp_path):
    images = [f'data/train/DCM/ID07/{number:02d}.png' for number in range(16)]
    run = write_run(tmp_path / 'new', BASE + 0.02, config=held_out(), images=images)
    verdict = judge_run(run, write_run(tmp_path / 'old', BASE, images=images))
    assert verdict.difference.groups == 1 and not verdict.kept
    assert verdict.text().endswith('one patient gives no interval.')


def test_patients_are_those_that_the_dataset_finds_in_names(tmp_path):
    labels = tmp_path / 'pseudo'
    labels.mkdir()
    (labels / 'settings.json').write_text('{}')
    (labels / 'images.txt').write_text('b_P90_x.png\n')
    settings = dict(
        type='FormatDataset',
        format='coco',
        metainfo=dict(classes=('heart', 'lung')),
        patient_pattern='_(P[0-9]+)_',
        data_prefix=dict(img_path='flat', ann_path='coco.json'),
    )
    pseudo = dict(data_prefix=dict(img_path='flat', ann_path=str(labels / 'outputs_json')))
    config = (
        f'train_dataloader = dict(dataset=dict(datasets=[{pseudo!r}]))\n'
        f'val_dataloader = dict(dataset={settings!r})\n'
    )
    images = [f'flat/a_P{number // 2:02d}_{number}.png' for number in range(16)]
    run = write_run(tmp_path / 'new', BASE + 0.02, config=config, images=images)
    old = write_run(tmp_path / 'old', BASE, images=images)
    assert judge_run(run, old).difference.groups == 8
    (labels / 'images.txt').write_text('b_P03_x.png\n')
    with pytest.raises(HandboneError, match=r"leak: .* 1 patient .*\('P03'\)"):
        judge_run(run, old)


def test_runs_that_cannot_be_compared(tmp_path):
    old = write_run(tmp_path / 'old', BASE)
    others = [f'data/train/DCM/ID{number}/x.png' for number in range(20, 36)]
    with pytest.raises(HandboneError, match='both have 0'):
        judge_run(write_run(tmp_path / 'others', BASE, images=others), old)
    with pytest.raises(FileNotFoundError, match='no such folder'):
        judge_run(tmp_path / 'none', old)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(HandboneError, match='no validation with a table'):
        judge_run(tmp_path / 'empty', old)
    alone = [f'data/train/DCM/ID1/{number}.png' for number in range(16)]
    runs = [write_run(tmp_path / name, BASE, images=alone) for name in ('a', 'b')]
    assert not judge_run(*runs).kept
