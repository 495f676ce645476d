"""What takes the file of `handbone find-best`: test, predict, export and archives."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from archived import archive_images
from changed_folds import edited
from mmengine.config import Config
from test_cli_train_test import decode_csv

from handbone.ensembles.ensemble_file import is_ensemble, read_ensemble, write_ensemble
from handbone.file_hash import file_hash
from handbone.inference import open_predictor


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
        (dict(thresholds=[0.5]), 'lists 1 threshold for 29 classes'),
        (dict(classes='abc'), 'not a list'),
    ],
)
def test_damaged_files(change, message, ensemble, tmp_path):
    file = tmp_path / 'ensemble.json'
    file.write_text(json.dumps(json.loads(ensemble.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        read_ensemble(file)


def test_archives_take_the_file(ensemble, tiny_config, phantom_root, tmp_path):
    pytest.importorskip('pyarrow')
    # the hash that an archive run asks for before it predicts
    known = open_predictor(tiny_config, ensemble, 'meta').model_hash
    predictor = open_predictor(tiny_config, ensemble, 'cpu')
    assert predictor.model_hash == known
    table = archive_images(predictor, phantom_root, tmp_path / 'archive')
    assert any(table['lengths'].combine_chunks().flatten().to_pylist())
