"""tools/soft_vote.py from end to end: two models of different input sizes."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from scipy import ndimage
from test_cli_train_test import decode_csv

from handbone.apis.soft_voting import EnsembleModel, soft_vote
from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.ensembles import LogitStore, check_same_classes
from handbone.ensembles.members import steps_without_image
from handbone.postprocessing import DenseCRF

SIZE = (320, 320)


@pytest.fixture(scope='module')
def larger(tiny_config, tmp_path_factory):
    """The same model for larger pictures."""
    path = tmp_path_factory.mktemp('larger') / 'larger.py'
    cfg = Config.fromfile(tiny_config)
    cfg.test_dataloader.dataset.pipeline[1].scale = (384, 384)
    cfg.dump(path)
    return path


def expected_mask(logits, weights, merge):
    """How far above the threshold each pixel is, by the definition: one mean, one upsampling."""
    common = max((each.shape[1:] for each in logits), key=math.prod)
    brought = [F.interpolate(each[None], common, mode='bilinear')[0] for each in logits]
    if merge == 'probabilities':
        brought = [each.sigmoid() for each in brought]
    mean = sum(each * weight for each, weight in zip(brought, weights, strict=True)) / sum(weights)
    if merge == 'probabilities':
        mean = torch.logit(mean, eps=1e-6)
    return F.interpolate(mean[None], SIZE, mode='bilinear')[0] - math.log(0.02 / 0.98)


@pytest.mark.slow
@pytest.mark.parametrize('merge', ['probabilities', 'logits'])
def test_mean_of_two_sizes(
    run_tool, tiny_config, larger, checkpoint, trained, load_model, tmp_path, merge
):
    """All at once and one at a time give the definition's masks."""
    other = trained[0] / 'iter_4.pth'
    models = ('--model', tiny_config, checkpoint, 2, '--model', larger, other)
    options = [] if merge == 'logits' else ['--one-at-a-time']
    options += ['--uncertainty', tmp_path / 'uncertainty.csv']
    out, _ = run_tool(
        'soft_vote.py',
        *models,
        *('--out', tmp_path / 'masks.csv', '--work-dir', tmp_path, '--merge', merge),
        *options,
    )
    assert 'Dice of 3 images' in out
    decoded = decode_csv(tmp_path / 'masks.csv', SIZE)
    predictions = [
        load_model(config, file).predict()
        for config, file in ((tiny_config, checkpoint), (larger, other))
    ]
    for samples in zip(*predictions, strict=True):
        logits = [sample.seg_logits.data for sample in samples]
        assert logits[0].shape[1:] < logits[1].shape[1:]
        above = expected_mask(logits, (2, 1), merge)
        found = torch.from_numpy(decoded[samples[0].image_name])
        assert ((found != (above > 0)) & (above.abs() > 1e-3)).sum() == 0
        assert found.any() and (above.abs() > 1e-3).float().mean() > 0.5
    assert_agreement(tmp_path / 'uncertainty.csv', predictions)


def assert_agreement(path, predictions):
    """The Dice between both models, at the resolution of the larger one."""
    with path.open(newline='') as file:
        rows = {(row['image_name'], row['class']): row for row in csv.DictReader(file)}
    assert len(rows) == 3 * len(CLASSES)
    for small, large in zip(*predictions, strict=True):
        first, second = small.seg_logits.data, large.seg_logits.data
        first = F.interpolate(first[None], second.shape[1:], mode='bilinear')[0]
        masks = [each.sigmoid() > 0.02 for each in (first, second)]
        both = 2 * (masks[0] & masks[1]).sum(dim=(1, 2))
        areas = masks[0].sum(dim=(1, 2)) + masks[1].sum(dim=(1, 2))
        expected = torch.where(areas > 0, both / areas.clamp_min(1), 1.0)
        name = Path(small.img_path).name
        found = [float(rows[name, each]['agreement']) for each in CLASSES]
        np.testing.assert_allclose(found, expected, atol=2e-3)
        assert len(set(found)) > 1


@pytest.mark.slow
@pytest.mark.parametrize('options', [(), ('--one-at-a-time',)])
def test_steps_come_after_the_mean(run_tool, tiny_config, checkpoint, trained, tmp_path, options):
    """For the classes that the first config names."""
    config = tmp_path / 'largest.py'
    config.write_text(
        f"_base_ = ['{tiny_config}']\n"
        f'model = dict(test_cfg=dict(postprocess=[dict(type="LargestComponent", '
        f'classes={CLASSES[:20]})]))\n'
    )
    models = ('--model', config, checkpoint, '--model', config, trained[0] / 'iter_4.pth')
    options = ('--out', tmp_path / 'masks.csv', '--work-dir', tmp_path, *options)
    run_tool('soft_vote.py', *models, *options)
    parts = np.array(
        [
            [ndimage.label(mask, np.ones((3, 3)))[1] for mask in masks]
            for masks in decode_csv(tmp_path / 'masks.csv', SIZE).values()
        ]
    )
    assert (parts[:, :20] <= 1).all() and (parts[:, 20:] > 1).any()


def test_a_step_that_looks_at_the_image_is_refused():
    with pytest.raises(ValueError, match='DenseCRF needs the input .* leave it out'):
        steps_without_image([DenseCRF.__new__(DenseCRF)])


def test_other_classes(tiny_config, checkpoint):
    """Refused with the difference, before anything is computed."""
    other = Config.fromfile(tiny_config)
    other.test_dataloader.dataset.metainfo = dict(classes=(*CLASSES[:-1], 'Sesamoid'))
    models = [
        EnsembleModel(Config.fromfile(tiny_config), str(checkpoint)),
        EnsembleModel(other, str(checkpoint)),
    ]
    with pytest.raises(ValueError, match='lacks Ulna; it has Sesamoid in addition'):
        soft_vote(models)


def test_order_of_classes():
    with pytest.raises(ValueError, match='order differs from class 1 on, c in place of b'):
        check_same_classes('x.py', 'acb', 'y.py', 'abc')
    check_same_classes('x.py', ['a', 'b'], 'y.py', ('a', 'b'))
    check_same_classes('x.py', ['ra\u0301dio', 'b'], 'y.py', ('r\u00e1dio', 'b'))


@pytest.mark.parametrize('words', [['a.py'], ['a.py', 'b', '1', '2'], ['a.py', 'b', '0']])
def test_bad_models(words, capsys, monkeypatch):
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    with pytest.raises(SystemExit):
        main(['soft-vote', '--model', *words])
    assert capsys.readouterr().err.startswith('error: --model')


def test_sums_on_disk(tmp_path):
    """Running sums of images of different sizes; the file has no name."""
    store = LogitStore(tmp_path)
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(shape, generator=generator) for shape in ((2, 3, 4), (2, 5, 6)))
    store.add('first', first)
    store.add('second', second)
    store.add('first', first)
    assert (store.size('first'), store.size('second')) == ((3, 4), (5, 6))
    assert torch.allclose(store.read('first'), 2 * first, atol=1e-6)
    assert torch.allclose(store.read('second'), second, atol=1e-6)
    assert not list(tmp_path.iterdir())
    store.close()
