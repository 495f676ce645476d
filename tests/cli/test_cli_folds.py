"""handbone folds on phantoms, and what follows the CSV that it writes."""

import csv
import shutil
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from warm_process import warm_python

from handbone.apis import make_folds
from handbone.datasets import XRayHandBoneDataset
from handbone.datasets.fold_file import read_fold_file, write_fold_file


def test_folds_of_a_folder(run_command, phantom_root, tmp_path):
    out, report = tmp_path / 'folds.csv', tmp_path / 'balance.csv'
    words = ('folds', phantom_root, '--folds', 3, '--by', 'sex,bend', '--out', out)
    shown, _ = run_command(*words, '--report', report)
    folds = read_fold_file(out)
    assert set(folds) == {path.name for path in (phantom_root / 'train/DCM').iterdir()}
    assert '3 folds of 6 patients, 4/4/4 images' in shown and '| GroupKFold |' in shown
    with report.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert {row['attribute'] for row in rows} == {'images', 'sex', 'bend', 'classes', 'areas'}
    women = next(row for row in rows if (row['attribute'], row['value']) == ('sex', 'F'))
    with (phantom_root / 'patients.csv').open(newline='') as file:
        sexes = {row['ID']: row['sex'] for row in csv.DictReader(file)}
    for fold in range(3):
        members = [name for name, of in folds.items() if of == fold]
        share = sum(sexes[name] == 'F' for name in members) / len(members)
        assert float(women[f'fold {fold}']) == pytest.approx(share, abs=1e-6)
    dataset = dict(data_root=str(phantom_root), fold=1, num_folds=3, fold_file=str(out))
    held_out = XRayHandBoneDataset(split='val', pipeline=[], **dataset)
    assert {info['patient'] for info in held_out} == {name for name in folds if folds[name] == 1}
    run_command(*words)
    assert read_fold_file(out) == folds


def test_folds_of_a_config(run_command, tiny_config, phantom_root, tmp_path):
    out = tmp_path / 'folds.csv'
    shown, _ = run_command('folds', tiny_config, '--folds', 2, '--out', out)
    assert '| side ' in shown and '| bend ' in shown and '| sex ' not in shown
    assert len(read_fold_file(out)) == 6
    table = phantom_root / 'patients.csv'
    shown, _ = run_command('folds', tiny_config, '--folds', 2, '--out', out, '--table', table)
    assert '| sex ' in shown and '| height ' in shown


def test_a_patient_whose_images_are_bad_has_a_fold(phantom_root, tmp_path):
    shutil.copytree(phantom_root, tmp_path / 'data')
    config = tmp_path / 'config.py'
    config.write_text(
        "train_dataloader = dict(dataset=dict(type='XRayHandBoneDataset', bad_files='report', "
        f"data_root='{tmp_path / 'data'}'))\n"
    )
    for path in (tmp_path / 'data/train/outputs_json/ID002').iterdir():
        path.write_text('{')
    folds = make_folds(config, 3)
    assert len(folds.of_patient) == 6
    assert '1 patient without a readable image is dealt out.' in folds.text()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--folds', 7], '6 patients cannot be divided into 7 folds'),
        (['--folds', 1], 'cannot be divided into 1 fold:'),
        (['--by', 'grade'], "has no column 'grade'"),
        (['--classes', 'a', 'b'], 'the label is not among the 2 classes'),
        (['--cfg-options', 'a=1'], 'is none'),
        (['--table', 'nowhere.csv'], 'nowhere.csv'),
    ],
)
def test_bad_input_is_one_line(run_command, phantom_root, tmp_path, options, message):
    out = tmp_path / 'folds.csv'
    _, errors = run_command('folds', phantom_root, '--out', out, *options, expected=1)
    (line,) = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert message in line
    assert not out.exists()


@pytest.mark.parametrize('option', ['--out', '--report'])
def test_folds_do_not_replace_the_table_of_patients(option, run_command, phantom_root, tmp_path):
    table, out = tmp_path / 'patients.csv', tmp_path / 'folds.csv'
    content = (phantom_root / 'patients.csv').read_bytes()
    table.write_bytes(content)
    words = [phantom_root, '--table', table, '--out', out, option, table]
    _, errors = run_command('folds', *words, expected=1)
    assert f'error: {table} is read here' in errors
    assert table.read_bytes() == content and not out.exists()


def test_data_that_is_not_there(run_command):
    _, errors = run_command('folds', 'nowhere', expected=1)
    assert 'nowhere: no such file or folder' in errors


@pytest.mark.slow
def test_trainings_and_tests_follow_the_csv(
    run_tool, run_command, tiny_config, phantom_root, tmp_path
):
    """Folds of different sizes, as no other way of making them gives."""
    names = sorted(path.name for path in (phantom_root / 'train/DCM').iterdir())
    given, work_dir = tmp_path / 'given.csv', tmp_path / 'work'
    write_fold_file(given, {name: int(name != names[3]) for name in names})
    words = ('train-folds', tiny_config, '--fold-file', given, '--work-dir', work_dir)
    with patch.object(sys, 'executable', str(warm_python())):
        out, _ = run_command(*words, '--cfg-options', 'train_cfg.max_iters=2')
    assert out.count('is finished') == 2
    given.unlink()
    run_tool('test_folds.py', tiny_config, work_dir, '--out-of-fold', tmp_path / 'oof.csv')
    with (work_dir / 'dice_out_of_fold.csv').open(newline='') as file:
        fold_of = {Path(row['image']).parent.name: row['fold'] for row in csv.DictReader(file)}
    assert fold_of == {name: '0' if name == names[3] else '1' for name in names}
