"""GridDropout and MultilabelRandomCutOut: what is hidden, and what its labels become."""

import numpy as np
import pytest

from handbone.datasets import GridDropout, MultilabelRandomCutOut
from handbone.errors import HandboneError
from handbone.masks import ignore_mask

KINDS = [GridDropout, MultilabelRandomCutOut]


def sample(planes=(), channels=()):
    rng = np.random.default_rng(0)
    return dict(
        img=np.full((90, 120, *channels), 200, np.uint8),
        gt_seg_map=rng.integers(0, 2**31, (90, 120, *planes)).astype(np.int32),
        seg_fields=['gt_seg_map'],
    )


def transformed(kind, seed=0, given=None, **settings):
    np.random.seed(seed)
    given = given or sample()
    return kind(prob=1.0, **settings)(given | {'gt_seg_map': given['gt_seg_map'].copy()})


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('planes', [(), (3,)])
@pytest.mark.parametrize('channels', [(), (3,)])
@pytest.mark.parametrize('seed', range(3))
def test_labels_of_hidden_pixels(kind, planes, channels, seed):
    given = sample(planes, channels)
    expected = given['gt_seg_map'].copy()
    results = {
        labels: transformed(kind, seed, sample(planes, channels), labels=labels, fill=7)
        for labels in ('keep', 'ignore', 'background')
    }
    hidden = results['keep']['img'].reshape(90, 120, -1)[..., 0] == 7
    assert 0 < hidden.mean() < 0.6
    for each in results.values():
        np.testing.assert_array_equal(each['img'], results['keep']['img'])
    np.testing.assert_array_equal(results['keep']['gt_seg_map'], expected)
    ignored = results['ignore']['gt_seg_map']
    np.testing.assert_array_equal(ignore_mask(ignored), hidden)
    np.testing.assert_array_equal(ignored & np.int32(2**31 - 1), expected)
    background = results['background']['gt_seg_map']
    assert not background[hidden].any()
    np.testing.assert_array_equal(background[~hidden], expected[~hidden])


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('ratio', [0.3, 0.5, 0.8])
def test_the_grid_is_regular(seed, ratio):
    hidden = transformed(GridDropout, seed, cells=(6, 6), ratio=ratio)['img'] == 0
    cell = 20
    assert hidden.mean() == pytest.approx(ratio**2, abs=0.06)
    np.testing.assert_array_equal(hidden[cell:], hidden[:-cell])
    np.testing.assert_array_equal(hidden[:, cell:], hidden[:, :-cell])


@pytest.mark.parametrize('seed', range(5))
def test_boxes_are_of_the_wanted_size_and_inside(seed):
    hidden = transformed(MultilabelRandomCutOut, seed, holes=(1, 1), size=(0.2, 0.3))['img'] == 0
    rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
    assert hidden.sum() == len(rows) * len(columns)
    assert 18 <= len(rows) <= 27 and 24 <= len(columns) <= 36


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('labels', ['ignore', 'background'])
def test_the_map_of_unknown_classes(kind, labels):
    """What is background is not unknown; whether a pixel is ignored stands in the labels alone."""
    given = sample() | dict(gt_unknown_map=np.full((90, 120), 5, np.int32))
    given['seg_fields'] = ['gt_seg_map', 'gt_unknown_map']
    results = transformed(kind, given=given, labels=labels)
    hidden = results['img'] == 0
    expected = np.where(hidden & (labels == 'background'), 0, 5)
    np.testing.assert_array_equal(results['gt_unknown_map'], expected)


@pytest.mark.parametrize('kind', KINDS)
def test_the_probability(kind):
    results = kind(prob=0.0)(sample())
    assert (results['img'] == 200).all()


@pytest.mark.parametrize(
    ('kind', 'settings', 'words'),
    [
        (GridDropout, dict(ratio=1.0), 'ratio must be'),
        (GridDropout, dict(cells=(0, 3)), 'cells must be'),
        (MultilabelRandomCutOut, dict(holes=(0, 3)), 'holes must be'),
        (MultilabelRandomCutOut, dict(size=(0.5, 1.5)), 'size must be'),
        *((kind, dict(labels='255'), 'labels is one of keep, ignore') for kind in KINDS),
        *((kind, dict(prob=-1), 'prob must be') for kind in KINDS),
    ],
)
def test_arguments_that_cannot_be(kind, settings, words):
    with pytest.raises(HandboneError, match=words):
        kind(**settings)
