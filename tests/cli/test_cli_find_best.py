"""`handbone find-best` from end to end, and what takes its file."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from test_cli_train_test import decode_csv

from handbone.bones import CLASSES
from handbone.configuration.fold_config import write_finished_fold
from handbone.ensembles import proof
from handbone.ensembles.ensemble_file import is_ensemble, read_ensemble, write_ensemble
from handbone.ensembles.trained_config import trained_config
from handbone.file_hash import file_hash


def copied(source, target, shift):
    """Copy a cross-validation; its networks say something, and another thing for each shift."""
    for fold in range(2):
        folder = target / f'fold_{fold}'
        folder.mkdir(parents=True)
        content = torch.load(source / f'fold_{fold}' / 'iter_2.pth', weights_only=False)
        generator = torch.Generator().manual_seed(10 * shift + fold)
        weight = content['state_dict']['decode_head.to_pixels.weight']
        weight += 0.1 * torch.randn(weight.shape, generator=generator)
        torch.save(content, folder / 'iter_2.pth')
        write_finished_fold(folder, fold, 2)
    return target


@pytest.fixture(scope='module')
def validations(folds, tmp_path_factory):
    folder = tmp_path_factory.mktemp('validations')
    return [copied(folds[0], folder / name, shift) for shift, name in enumerate('ab')]


@pytest.fixture
def enough(monkeypatch):
    """Six patients are enough."""
    monkeypatch.setattr(proof, 'FEWEST_PATIENTS', 2)


@pytest.fixture(scope='module')
def ensemble(validations, run_command, tmp_path_factory):
    """The file of an ensemble of both, with views, and what was printed."""
    folder = tmp_path_factory.mktemp('best')
    run_command('find-best', *validations, '--out-dir', folder)
    found = json.loads((folder / 'ensemble.json').read_text())
    members = []
    for validation, weight in zip(validations, (0.75, 0.25), strict=True):
        for fold in range(2):
            checkpoint = validation / f'fold_{fold}' / 'iter_2.pth'
            members.append(
                dict(
                    checkpoint=str(checkpoint),
                    sha256=file_hash(checkpoint),
                    weight=weight,
                    views=[{}, dict(flip='horizontal')] if weight > 0.5 else [{}],
                )
            )
    found.update(members=members)
    (folder / 'both.json').write_text(json.dumps(found))
    return folder / 'both.json'


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
    # 12 images, twice, of two networks as they are or flipped, whole or in windows
    assert sum('out_of_fold_logits' in str(path) for path in kept) == 12 * 2 * 4
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


def expected(load_model, ensemble, thresholds=0.02):
    """Masks by the definition: probabilities of all members and views, one mean."""
    total = None
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        config = Config.fromstring(
            torch.load(member.checkpoint, weights_only=False)['meta']['cfg'], '.py'
        )
        path = f'{member.checkpoint}.py'
        config.dump(path)
        model = load_model(path, member.checkpoint)
        samples = model.predict()
        logits = [sample.seg_logits.data.sigmoid() for sample in samples]
        if len(member.views) > 1:
            for index, each in enumerate(logits):
                with torch.no_grad():
                    inputs = model.dataset[index]['inputs'][None]
                    data = dict(
                        inputs=[inputs[0].flip(-1)],
                        data_samples=[model.dataset[index]['data_samples']],
                    )
                    (flipped,) = model.network.test_step(data)
                logits[index] = (each + flipped.seg_logits.data.sigmoid().flip(-1)) / 2
        total = [
            share * each + (0 if total is None else total[index])
            for index, each in enumerate(logits)
        ]
    return {
        sample.image_name: torch.nn.functional.interpolate(
            torch.logit(each, eps=1e-6)[None], (320, 320), mode='bilinear'
        )[0]
        - np.log(thresholds / (1 - thresholds))
        for sample, each in zip(samples, total, strict=True)
    }


def assert_like(path, above):
    decoded = decode_csv(path, (320, 320))
    assert list(decoded) == list(above)
    for name, values in above.items():
        found = torch.from_numpy(decoded[name])
        # where probabilities are next to 1, float32 rounds their logits to a tenth
        assert ((found != (values > 0)) & (values.abs() > 0.1)).sum() == 0
        assert (values.abs() > 0.1).float().mean() > 0.5
    assert any(masks.any() for masks in decoded.values())


def test_test_and_predict_take_the_file(
    ensemble, tiny_config, run_command, run_tool, load_model, phantom_root, tmp_path
):
    """Both give the masks of the definition."""
    above = expected(load_model, read_ensemble(ensemble))
    out, _ = run_tool(
        'test.py',
        *(tiny_config, ensemble, '--out', tmp_path / 'test.csv', '--work-dir', tmp_path / 'work'),
    )
    assert 'Dice of 3 images' in out
    assert_like(tmp_path / 'test.csv', above)
    images = phantom_root / 'test' / 'DCM'
    run_command('predict', tiny_config, ensemble, images, '--out-dir', tmp_path / 'predicted')
    (written,) = (tmp_path / 'predicted').glob('*.csv')
    assert_like(written, above)


def test_one_graph_of_all_members(
    ensemble, tiny_config, run_export, run_command, load_model, phantom_root, tmp_path
):
    """It gives the masks of the definition without config or checkpoints."""
    run_export(tiny_config, ensemble, '--out', tmp_path / 'all.onnx')
    images = phantom_root / 'test' / 'DCM'
    run_command('predict', tmp_path / 'all.onnx', images, '--out-dir', tmp_path / 'predicted')
    (written,) = (tmp_path / 'predicted').glob('*.csv')
    assert_like(written, expected(load_model, read_ensemble(ensemble)))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(postprocess=[dict(type='LargestComponent')]), 'find-best --without components'),
        (dict(views=[{}, dict(angle=5)]), 'turned or scaled views.*handbone export CONFIG'),
    ],
)
def test_what_one_graph_cannot_do(change, message, ensemble, tiny_config, run_export, tmp_path):
    content = json.loads(ensemble.read_text())
    if 'views' in change:
        content['members'][0].update(change)
    else:
        content.update(change)
    file = tmp_path / 'ensemble.json'
    file.write_text(json.dumps(content))
    _, err = run_export(tiny_config, file, '--out', tmp_path / 'all.onnx', expected=1)
    assert re.search(message, err) and not (tmp_path / 'all.onnx').exists()


def test_members_of_other_sizes_are_no_graph(
    ensemble, validations, tiny_config, run_export, tmp_path
):
    other = edited(validations[1], tmp_path / 'other', '256,', '384,')
    content = json.loads(ensemble.read_text())
    checkpoint = other / 'fold_0' / 'iter_2.pth'
    content['members'][1].update(checkpoint=str(checkpoint), sha256=file_hash(checkpoint))
    file = tmp_path / 'ensemble.json'
    file.write_text(json.dumps(content))
    _, err = run_export(tiny_config, file, '--out', tmp_path / 'all.onnx', expected=1)
    assert 'takes another input than' in err


@pytest.mark.parametrize('command', ['test', 'predict'])
def test_views_are_those_of_the_file(command, ensemble, tiny_config, run_command, phantom_root):
    images = [phantom_root / 'test' / 'DCM'] if command == 'predict' else []
    _, err = run_command(command, tiny_config, ensemble, *images, '--tta', expected=1)
    assert 'says which views are averaged: leave out --tta' in err


def test_a_checkpoint_that_is_gone_or_changed(ensemble, tmp_path):
    content = json.loads(ensemble.read_text())
    assert is_ensemble(ensemble) and not is_ensemble(tmp_path) and not is_ensemble('no.json')
    changed = tmp_path / 'changed.pth'
    shutil.copy(content['members'][1]['checkpoint'], changed)
    content['members'][1]['checkpoint'] = 'changed.pth'
    file = tmp_path / 'ensemble.json'
    file.write_text(json.dumps(content))
    assert len(read_ensemble(file).members) == 4
    write_ensemble(tmp_path / 'again.json', read_ensemble(file))
    assert read_ensemble(tmp_path / 'again.json') == read_ensemble(file)
    changed.write_bytes(changed.read_bytes() + b' ')
    with pytest.raises(ValueError, match=r'members\[1\]: .* is another checkpoint'):
        read_ensemble(file)
    changed.unlink()
    with pytest.raises(ValueError, match=r'members\[1\]: there is no checkpoint'):
        read_ensemble(file)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(format='handbone ensemble 9'), 'this program reads'),
        (dict(members=[]), 'has no members'),
        (dict(merge='median'), 'merge is'),
        (dict(postprocess=[dict(type='Runner')]), "has the step 'Runner'; the steps are"),
        (dict(thresholds=[0.5]), 'lists 1 thresholds for 29 classes'),
        (dict(classes='abc'), 'not a list'),
    ],
)
def test_damaged_files(change, message, ensemble, tmp_path):
    file = tmp_path / 'ensemble.json'
    file.write_text(json.dumps(json.loads(ensemble.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        read_ensemble(file)


def edited(validation, target, old, new):
    """Copy a cross-validation and change the text of its configs."""
    shutil.copytree(validation, target)
    for path in target.glob('fold_*/iter_2.pth'):
        content = torch.load(path, weights_only=False)
        assert old in content['meta']['cfg']
        content['meta']['cfg'] = content['meta']['cfg'].replace(old, new)
        torch.save(content, path)
    return target


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
