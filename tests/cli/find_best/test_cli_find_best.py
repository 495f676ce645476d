"""`handbone find-best` from end to end: what is tried, what it is worth, what is refused."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from changed_folds import edited

from handbone.bones import CLASSES
from handbone.configuration.fold_config import write_finished_fold
from handbone.ensembles import proof
from handbone.ensembles.ensemble_file import read_ensemble
from handbone.ensembles.trained_config import trained_config


@pytest.fixture
def enough(monkeypatch):
    """Six patients are enough."""
    monkeypatch.setattr(proof, 'FEWEST_PATIENTS', 2)


def test_too_few_patients_keep_the_best_alone(validations, run_command, tmp_path):
    out, _ = run_command('find-best', *validations, '--out-dir', tmp_path, '--without', 'views')
    assert '6 patients are too few for the bootstrap' in out
    ensemble = read_ensemble(tmp_path / 'ensemble.json')
    assert len(ensemble.members) == 2 and ensemble.classes == CLASSES
    assert ensemble.thresholds == (0.02,) * len(CLASSES)
    assert len({member.checkpoint.split('fold_')[0] for member in ensemble.members}) == 1


def test_steps_are_tried_and_a_second_call_computes_nothing(
    validations, run_command, tmp_path, enough
):
    words = ('find-best', *validations, '--out-dir', tmp_path, '--windows', 128)
    out, _ = run_command(*words)
    assert 'Dice on images that the choice was not made on' in out
    with (tmp_path / 'steps.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['Step'] for row in rows][:2] == ['views', 'windows']
    assert {'models', 'thresholds', 'components'} <= {row['Step'] for row in rows}
    for row in rows:
        gain = float(row['After']) - float(row['Before'])
        assert gain == pytest.approx(float(row['Gain']), abs=2e-4)
        assert (row['Stays'] == 'yes') == (float(row['From']) > 0) or row['From'] == '+0.0000'
    kept = {
        path: path.stat().st_mtime_ns
        for folder in (tmp_path, *validations)
        for path in folder.rglob('*.npy')
    }
    # of 12 images and two networks: as they are, whole and in windows, and flipped where tried
    number = sum('out_of_fold_logits' in str(path) for path in kept)
    assert number % 12 == 0 and 12 * (2 + 1 + 1) <= number <= 12 * 2 * 4
    before = (tmp_path / 'ensemble.json').read_bytes()
    again, _ = run_command(*words)
    assert again == out and (tmp_path / 'ensemble.json').read_bytes() == before
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_the_dice_is_that_of_test_folds(validations, tiny_config, run_command, tmp_path):
    """The score from kept logits equals that of the whole way through the dataset and metric."""
    folder = tmp_path / 'best'
    out, _ = run_command('find-best', validations[0], '--out-dir', folder)
    shutil.copytree(validations[0], tmp_path / 'work')
    words = ('test-folds', tiny_config, tmp_path / 'work', '--out-of-fold', tmp_path / 'oof.csv')
    run_command(*words)
    with (tmp_path / 'work' / 'dice_by_fold.csv').open(newline='') as file:
        (mean,) = [row for row in csv.DictReader(file) if row['name'] == 'mean']
    found = json.loads((folder / 'ensemble.json').read_text())['evidence']['dice']
    assert found == pytest.approx(float(mean['all']), abs=2e-4)


def test_other_folds_are_refused(validations, run_command, tmp_path):
    other = tmp_path / 'other'
    for fold in range(2):  # what was held out in one fold is held out in the other
        shutil.copytree(validations[1] / f'fold_{fold}', other / f'fold_{1 - fold}')
        write_finished_fold(other / f'fold_{1 - fold}', 1 - fold, 2)
    _, err = run_command('find-best', validations[0], other, '--out-dir', tmp_path, expected=1)
    assert 'was trained without fold 1 of 2, but it is in the place of fold 0' in err
    patients = sorted({path.parent.name for path in _images(validations[0])})
    table = tmp_path / 'folds.csv'
    rows = [f'{name},{index % 2}' for index, name in enumerate(patients)]
    for swapped in (rows, [f'{row[:-1]}{1 - int(row[-1])}' for row in rows]):
        table.write_text('\n'.join(['patient,fold', *swapped]) + '\n')
        moved = edited(
            validations[1], tmp_path / f'moved_{len(list(tmp_path.iterdir()))}',
            'num_folds=2', f"num_folds=2, fold_file='{table}'",
        )  # fmt: skip
        _, err = run_command('find-best', validations[0], moved, '--out-dir', tmp_path, expected=1)
        if 'different folds' in err:
            break
    assert 'images are in other folds' in err and '--fold-file' in err


def _images(validation):
    cfg = trained_config(str(validation / 'fold_0' / 'iter_2.pth'))
    return Path(cfg.val_dataloader.dataset.data_root).glob('train/DCM/*/*.png')


def test_other_classes_and_missing_folds_are_refused(validations, run_command, tmp_path):
    kind, names = "type='XRayHandBoneDataset'", (*CLASSES[:-1], 'Sesamoid')
    named = f'{kind}, metainfo=dict(classes={names})'
    other = edited(validations[1], tmp_path / 'other', kind, named)
    _, err = run_command('find-best', validations[0], other, '--out-dir', tmp_path, expected=1)
    assert 'Sesamoid' in err and 'different classes' in err
    (validations[1] / 'fold_1' / 'finished.json').rename(tmp_path / 'finished.json')
    _, err = run_command('find-best', *validations, '--out-dir', tmp_path, expected=1)
    (tmp_path / 'finished.json').rename(validations[1] / 'fold_1' / 'finished.json')
    assert 'not finished: 1' in err
    _, err = run_command('find-best', validations[0], '--without', 'flips', expected=1)
    assert "there is no step 'flips'" in err
