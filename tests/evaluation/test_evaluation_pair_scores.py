"""Scores within the overlap of pairs of classes against a definition on planes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample
from scipy.ndimage import binary_erosion, distance_transform_edt

from handbone.bones import ADJACENT_BONES, CLASSES
from handbone.evaluation import OverlapMetric, pair_scores
from handbone.evaluation.pair_names import read_pairs
from handbone.evaluation.pair_scores import PairScores, pair_table
from handbone.masks import pack, planes_first


def definition(prediction, reference, tolerance=2.0, spacing=(1.0, 1.0)):
    """Dice and surface Dice of two masks, with whole distance maps."""
    both, sizes = (prediction & reference).sum(), prediction.sum() + reference.sum()
    surfaces = [mask & ~binary_erosion(mask) for mask in (prediction, reference)]
    if not prediction.any():
        return 1e-4 / (sizes + 1e-4), 0.0
    near = [
        distance_transform_edt(~surfaces[1], sampling=spacing)[surfaces[0]] <= tolerance,
        distance_transform_edt(~surfaces[0], sampling=spacing)[surfaces[1]] <= tolerance,
    ]
    return (2 * both + 1e-4) / (sizes + 1e-4), np.concatenate(near).mean()


def random_masks(seed, num_classes, size=(40, 50)):
    generator = np.random.default_rng(seed)
    masks = np.zeros((num_classes, *size), bool)
    for mask in masks:
        top, left, height, width = generator.integers(1, 25, 4)
        mask[top : top + height, left : left + width] = True
    return masks


@given(st.sampled_from((2, 5, 33)), st.integers(0, 2**32), st.sampled_from(((1, 1), (0.5, 0.8))))
@settings(deadline=None, max_examples=30)
def test_scores_are_the_definition_on_planes(num_classes, seed, spacing):
    predicted, true = (random_masks(seed + other, num_classes) for other in (0, 1))
    ignore = np.random.default_rng(seed).random(true.shape[1:]) < seed % 2 * 0.1
    found = pair_scores(
        pack(predicted), pack(true, ignore), num_classes, spacing=spacing, tolerances=[2.0]
    )
    predicted, true = predicted & ~ignore, true & ~ignore
    expected = {
        pair: definition(
            predicted[pair[0]] & predicted[pair[1]], true[pair[0]] & true[pair[1]], 2.0, spacing
        )
        for pair in itertools.combinations(range(num_classes), 2)
        if (true[pair[0]] & true[pair[1]]).any()
    }
    assert list(map(tuple, found.pairs.tolist())) == list(expected)
    if expected:
        np.testing.assert_allclose(found.scores.T, list(expected.values()), rtol=1e-9)
    pixels = [(true[first] & true[second]).sum() for first, second in expected]
    np.testing.assert_array_equal(found.pixels, pixels)


def test_a_pair_without_overlap_in_the_reference_is_skipped():
    true = np.zeros((3, 6, 6), bool)
    true[0, :3], true[1, 2:], true[2, 5] = True, True, True
    predicted = np.ones_like(true)
    found = pair_scores(pack(predicted), pack(true), 3, [[0, 1], [0, 2], [2, 1]])
    assert found.pairs.tolist() == [[0, 1], [2, 1]]
    nothing = pair_scores(pack(predicted), pack(true), 3, [[0, 2]])
    assert nothing.pairs.shape == (0, 2) and nothing.scores.shape == (2, 0)
    assert not len(pair_scores(pack(predicted), pack(true & False), 3).pairs)


META = dict(classes=('left', 'right', 'top'))
IMAGES = [f'{index}.png' for index in range(4)]
PREDICTIONS = [random_masks(seed, 3) for seed in range(4)]
TRUTHS = [random_masks(seed + 10, 3) for seed in range(4)]


def evaluate(predictions=PREDICTIONS, truths=TRUTHS, **settings):
    samples = []
    for image, prediction, truth in zip(IMAGES, predictions, truths, strict=True):
        sample = SegDataSample(metainfo=dict(img_path=image))
        sample.pred_sem_seg = PixelData(data=planes_first(pack(prediction)))
        sample.gt_sem_seg = PixelData(data=planes_first(pack(truth)))
        samples.append(sample)
    evaluator = Evaluator(OverlapMetric(**settings))
    evaluator.dataset_meta = META
    evaluator.process([*samples, samples[0]])  # the sampler repeats one
    return evaluator.evaluate(len(samples))


def expected_scores(pair):
    scores = [
        definition(prediction[pair[0]] & prediction[pair[1]], true)
        for prediction, truth in zip(PREDICTIONS, TRUTHS, strict=True)
        if (true := truth[pair[0]] & truth[pair[1]]).any()
    ]
    assert scores
    return np.array(scores)


def test_the_metric_averages_over_images_and_pairs():
    found = evaluate(per_pair=True)
    pairs = {'left+right': (0, 1), 'left+top': (0, 2), 'right+top': (1, 2)}
    scores = {name: expected_scores(pair) for name, pair in pairs.items()}
    together = np.concatenate(list(scores.values())).mean(axis=0)
    assert found['mOverlapDice'] == pytest.approx(together[0])
    assert found['mOverlapSurfaceDice@2'] == pytest.approx(together[1])
    for name, of_pair in scores.items():
        assert found[f'OverlapDice/{name}'] == pytest.approx(of_pair[:, 0].mean())
    chosen = evaluate(pairs=['top+right', ['left', 'top']], scores=['dice', 'hd95'])
    assert set(chosen) == {'mOverlapDice', 'mOverlapHD95'}
    two = np.concatenate([scores['right+top'], scores['left+top']])
    assert chosen['mOverlapDice'] == pytest.approx(two[:, 0].mean())


def test_a_reference_without_overlap_has_no_score():
    truths = [truth & np.array([True, False, False])[:, None, None] for truth in TRUTHS]
    found = evaluate(truths=truths, per_pair=True)
    assert set(found) == {'mOverlapDice', 'mOverlapSurfaceDice@2'}
    assert all(np.isnan(value) for value in found.values())
    assert evaluate(format_only=True) == {}
    assert METRICS.get('OverlapMetric') is OverlapMetric


def test_the_table_of_pairs_ranks_images_that_have_a_score():
    nothing = PairScores(np.zeros((0, 2), int), np.zeros(0, int), np.zeros((1, 0)))
    some = PairScores(np.array([[0, 2]]), np.array([7]), np.array([[0.5]]))
    table = pair_table(IMAGES[:2], IMAGES[:2], META['classes'], [nothing, some], ['dice'])
    assert table.classes == ('left+top',)
    assert table.mean('dice') == 0.5
    assert table.worst(2) == [1, 0]
    assert table.images_with(table.parts[0]) == 1
    assert np.isnan(table.image_means('dice')[0])


def test_names_of_pairs():
    assert read_pairs(None, ['a', 'b']) is None
    assert read_pairs('b+a', ['a', 'b']).tolist() == [[1, 0]]
    assert read_pairs(['a+b+c'], ['a+b', 'c', 'b']).tolist() == [[0, 1]]
    adjacent = read_pairs('adjacent-bones', CLASSES)
    assert [(CLASSES[first], CLASSES[second]) for first, second in adjacent] == [*ADJACENT_BONES]
    ram = (
        *('Capitate', 'Hamate', 'Lunate', 'MC1', 'MC2', 'MC3', 'MC4', 'MC5', 'Radius'),
        *('Scaphoid', 'Trapezium', 'Trapezoid', 'Ulna'),
    )
    named = [(ram[first], ram[second]) for first, second in read_pairs('adjacent-bones', ram)]
    assert len(named) == 14 and named[-1] == ('MC2', 'MC3') and ('Trapezium', 'MC1') in named


@pytest.mark.parametrize(
    ('pairs', 'message'),
    [
        ('a+x', "'a.x' is not a pair of classes: there is no class 'x'.*CLASS.CLASS"),
        ('a', "'a' is not a pair of classes: two classes are needed"),
        ('a+a', 'two classes are needed'),
        ([['a', 'b', 'c']], 'two classes are needed'),
        (['a+b', 'b+a'], 'pair a.b is named twice'),
        ([], 'no pair of classes'),
        ('adjacent-bones', "there is no class 'Radius'"),
    ],
)
def test_pairs_that_are_none(pairs, message):
    with pytest.raises(ValueError, match=message):
        read_pairs(pairs, ['a', 'b', 'c'])


def test_settings_that_make_no_sense():
    with pytest.raises(ValueError, match='unknown scores volume'):
        OverlapMetric(scores=['volume'])
    for spacing in (0, (1, 2, 3), -1):
        with pytest.raises(ValueError, match='spacing is one or two lengths'):
            OverlapMetric(spacing=spacing)
