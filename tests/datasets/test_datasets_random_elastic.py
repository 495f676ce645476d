"""RandomElastic and the field that it shares with RandomBend, against scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from handbone.datasets import LoadPolygonAnnotations, RandomElastic
from handbone.datasets.polygons import Polygons
from handbone.datasets.transforms.moving_field import move_along, nodes, spacing
from handbone.errors import HandboneError
from handbone.masks import remap


def smooth(height=250, width=230):
    noise = np.random.default_rng(3).uniform(0, 255, (height, width))
    return (ndimage.gaussian_filter(noise, 3, mode='wrap') * 4 - 380).astype(np.float32)


def sample(image, labels=None):
    results = dict(img=image, ori_shape=image.shape[:2], img_shape=image.shape[:2], seg_fields=[])
    if labels is not None:
        results.update(gt_seg_map=labels, seg_fields=['gt_seg_map'])
    return results


def coordinates(height, width):
    """The image of its own x, and of its own y: what comes out says where pixels come from."""
    return np.dstack([*np.meshgrid(np.arange(width), np.arange(height)), np.ones((height, width))])


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([(), (1,), (3,)]))
@settings(max_examples=30, deadline=None)
def test_a_field_without_shifts_changes_nothing(height, width, planes):
    rng = np.random.default_rng(0)
    labels = rng.integers(-(2**31), 2**31, (height, width, *planes)).astype(np.int32)
    image = rng.integers(0, 256, (height, width), dtype=np.uint8)
    results = sample(image, labels)
    move_along(results, nodes(height, width))
    np.testing.assert_array_equal(results['img'], image)
    np.testing.assert_array_equal(results['gt_seg_map'], labels)


def test_a_linear_field_is_that_matrix():
    """Between the nodes and at the borders the field is what the nodes say."""
    image = smooth()
    places = nodes(*image.shape)
    step = spacing(*image.shape)
    assert step > 1 and tuple(places[1, 1]) == (step / 2 - 0.5,) * 2
    matrix, shift = np.array([[1.1, -0.2], [0.15, 0.9]]), np.array([3.0, -2.0])
    results = sample(image)
    move_along(results, (places @ matrix.T + shift).astype(np.float32))
    swap = [1, 0]
    expected = ndimage.affine_transform(
        image, matrix[swap][:, swap], shift[swap], order=1, mode='constant', cval=0
    )
    inside = ndimage.affine_transform(
        np.ones_like(image), matrix[swap][:, swap], shift[swap], order=1, mode='constant'
    )
    where = inside == 1
    assert where.mean() > 0.6
    np.testing.assert_allclose(results['img'][where], expected[where], atol=2.0)


@pytest.mark.parametrize('seed', range(4))
def test_labels_move_with_the_image(seed):
    height, width = 80, 110
    where = coordinates(height, width).astype(np.float32)
    codes = (np.arange(height * width, dtype=np.int32) + 1).reshape(height, width)
    np.random.seed(seed)
    results = RandomElastic(shift=0.04, distance=0.2, prob=1.0, pad_val=-1)(sample(where, codes))
    x, y = results['img'][..., 0], results['img'][..., 1]
    labels = results['gt_seg_map']
    there = (results['img'][..., 2] == 1) & (labels > 0)
    assert there.mean() > 0.7
    rows, columns = np.divmod(labels - 1, width)
    assert np.abs(columns - x)[there].max() <= 0.55 and np.abs(rows - y)[there].max() <= 0.55


@pytest.mark.parametrize('seed', range(4))
def test_nothing_folds_and_the_shift_is_as_said(seed):
    height, width = 100, 160
    where = coordinates(height, width).astype(np.float32)
    np.random.seed(seed)
    moved = RandomElastic(shift=0.05, distance=0.2, prob=1.0, pad_val=-1)(sample(where))['img']
    inside = np.s_[12:-12, 12:-12]
    x, y = moved[..., 0][inside], moved[..., 1][inside]
    assert np.diff(x, axis=1).min() > 0 and np.diff(y, axis=0).min() > 0
    shifts = np.abs(np.dstack([x, y]) - where[..., :2][inside])
    # cubic interpolation may go beyond the anchors by a third
    assert 1 < shifts.max() <= 1.35 * 0.05 * width


def test_probability_and_missing_labels():
    image = smooth()
    assert RandomElastic(prob=0.0)(sample(image))['img'] is image
    assert not np.array_equal(RandomElastic(prob=1.0)(sample(image))['img'], image)


def test_polygons_cannot_follow():
    results = RandomElastic(prob=1.0)(sample(smooth()))
    polygons = Polygons(
        np.array([[1, 1], [9, 1], [9, 9]], np.float32), np.array([3]), np.array([0])
    )
    results.update(polygons=polygons, classes=('a',), img_path='a.png')
    with pytest.raises(HandboneError, match='cannot repeat on the polygons'):
        LoadPolygonAnnotations(frame='image')(results)


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(shift=0.03), 'otherwise the image could fold'),
        (dict(shift=-0.1), 'shift must be at least 0'),
        (dict(distance=0), 'distance must be between 0.001 and 1'),
        (dict(distance=2, shift=0.1), 'distance must be'),
        (dict(shift='far'), "shift must be at least 0, got 'far'"),
    ],
)
def test_ranges_that_would_fold(settings, words):
    with pytest.raises(HandboneError, match=words):
        RandomElastic(**settings)


@pytest.mark.parametrize('size', [(1, 1), (5, 3), (2, 40), (64, 48)])
def test_anchors_may_be_closer_than_nodes(size):
    for closer in ({}, dict(distance=0.002, shift=0.0005)):
        results = RandomElastic(prob=1.0, **closer)(sample(np.zeros(size, np.uint8)))
        assert results['img'].shape == size


def test_only_packed_maps():
    with pytest.raises(HandboneError, match='A packed map is an int32 array'):
        remap(np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.float32))
