"""Scores where classes are unknown, against plain definitions with one mask per class."""

import json

import numpy as np
import pytest
import torch

from handbone.evaluation import DiceMetric, OverlapMetric, SurfaceMetric, ThresholdMetric
from handbone.evaluation.threshold_choice import candidates, choose_thresholds
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.masks import class_code, constant_map, join_unknown, pack, planes_first

CLASSES = ('a', 'b', 'c', 'd')
SIZE = (40, 50)


def boxes(seed):
    """A box of each class."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((4, *SIZE), bool)
    for mask in masks:
        top, left = rng.integers(0, 15, 2)
        mask[top : top + 20, left : left + 25] = True
    return masks


def images():
    """Prediction, reference and unknown masks of three images; the last class is never known."""
    made = []
    for seed in range(3):
        unknown = np.zeros((4, *SIZE), bool)
        unknown[3] = unknown[seed % 2] = True  # whole classes
        unknown[2, :, 18:] = seed == 1  # a place
        made.append((boxes(seed), boxes(10 + seed), unknown))
    return made


def sample(index, prediction, reference, unknown):
    labels = join_unknown(planes_first(pack(reference)), planes_first(pack(unknown)))
    return dict(
        img_path=f'{index}.png',
        pred_sem_seg=dict(data=planes_first(pack(prediction))),
        gt_sem_seg=dict(data=labels),
    )


def evaluate(metric, data=None):
    metric.dataset_meta = dict(classes=CLASSES)
    data = images() if data is None else data
    metric.process({}, [sample(index, *each) for index, each in enumerate(data)])
    return metric.evaluate(len(data))


def plain_dice():
    scores = np.full((3, 4), np.nan)
    for row, (prediction, reference, unknown) in enumerate(images()):
        for index in range(4):
            known = ~unknown[index]
            if known.any():
                one, other = prediction[index] & known, reference[index] & known
                scores[row, index] = (2 * (one & other).sum() + 1e-4) / (
                    one.sum() + other.sum() + 1e-4
                )
    return scores


def test_dice_of_known_pixels(tmp_path):
    found = evaluate(DiceMetric(per_class=True, extra_scores=['precision'], output_dir=tmp_path))
    expected = plain_dice()
    assert np.isnan(expected).sum() == 6
    assert found['mDice'] == pytest.approx(np.nanmean(expected))
    for name, column in zip(CLASSES[:3], expected.T, strict=False):
        assert found[f'Dice/{name}'] == pytest.approx(np.nanmean(column))
    assert np.isnan(found['Dice/d']) and np.isnan(found['Precision/d'])
    rows = (tmp_path / 'dice_per_image.csv').read_text().splitlines()
    assert [row.split(',')[3:].count('NA') for row in rows[1:]] == [2, 2, 2]


def test_surfaces_of_unknown_classes_are_left_out():
    found = evaluate(SurfaceMetric(scores=['surface_dice'], per_class=True))
    assert np.isfinite(found['mSurfaceDice@2']) and np.isnan(found['SurfaceDice@2/d'])


def test_the_share_of_one_empty_mask_is_that_of_known_classes():
    data = images()
    data[1][0][0] = False  # no prediction of a in the only image that knows it
    assert evaluate(SurfaceMetric(), data)['OneEmpty'] == pytest.approx(1 / 6)
    nothing = [(*masks, np.ones_like(unknown)) for *masks, unknown in data]
    assert np.isnan(evaluate(SurfaceMetric(), nothing)['OneEmpty'])


def test_pairs_with_an_unknown_class_are_left_out():
    found = evaluate(OverlapMetric(pairs=['a+b', 'a+c', 'c+d'], scores=['dice'], per_pair=True))
    one, other = (masks for masks in images()[1][:2])  # the image that knows a, and c in part
    known = np.arange(SIZE[1]) < 18
    first, second = (masks[0] & masks[2] & known for masks in (one, other))
    expected = (2 * (first & second).sum() + 1e-4) / (first.sum() + second.sum() + 1e-4)
    assert found['OverlapDice/a+c'] == pytest.approx(expected)
    assert np.isnan(found['OverlapDice/a+b']) and np.isnan(found['OverlapDice/c+d'])


def test_dice_at_thresholds():
    """Of every threshold as the metric computes it from the thresholded masks."""
    _, reference, unknown = images()[1]
    logits = 3 * torch.randn(4, *SIZE, generator=torch.Generator().manual_seed(0))
    tried = candidates(0.5, 4)
    labels = pack(reference & ~unknown)
    found = dice_by_threshold(logits, labels, tried, unknown=pack(unknown))
    assert np.isnan(found[[1, 3]]).all()
    for index in (0, 2):
        for column in (3, 128, 240):
            threshold = np.float32(np.log(tried[index, column] / (1 - tried[index, column])))
            known = ~unknown[index]
            one, other = (logits[index].numpy() > threshold) & known, reference[index] & known
            dice = (2 * (one & other).sum() + 1e-4) / (one.sum() + other.sum() + 1e-4)
            assert found[index, column] == pytest.approx(dice)


def test_choice_of_thresholds_over_images_that_know_the_class():
    """The choice for a class is that of its images alone; without any it keeps its threshold."""
    rng = np.random.default_rng(0)
    tried = candidates(0.5, 3)
    dice = np.sort(rng.random((6, 3, tried.shape[1])))
    dice[:3, 0] = np.nan
    dice[:, 2] = np.nan
    found = choose_thresholds(dice, tried, 0.5)
    alone = choose_thresholds(dice[3:, :1], tried[:1], 0.5)
    for name in ('thresholds', 'before', 'after', 'held_out'):
        assert getattr(found, name)[0] == pytest.approx(getattr(alone, name)[0])
    assert found.thresholds[2] == 0.5 and np.isnan([found.before[2], found.after[2]]).all()


def test_tuned_thresholds_of_a_class_that_no_image_knows(tmp_path):
    metric = ThresholdMetric(out_file=tmp_path / 'thresholds.json')
    metric.dataset_meta = dict(classes=CLASSES)
    reference = pack(boxes(3))
    unknown = constant_map(*SIZE, class_code([3], 4))
    data = join_unknown(planes_first(reference), planes_first(unknown))
    logits = torch.randn(4, 10, 10, generator=torch.Generator().manual_seed(1))
    metric.process(
        {}, [dict(img_path='a', seg_logits=dict(data=logits), gt_sem_seg=dict(data=data))]
    )
    assert np.isfinite(list(metric.evaluate(1).values())).all()
    written = json.loads((tmp_path / 'thresholds.json').read_text())['classes']
    assert written['d']['dice_after'] is None and written['d']['threshold'] == 0.5
    assert written['a']['dice_after'] > 0
