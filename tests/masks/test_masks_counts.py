from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone import masks
from handbone.masks import counts as counts_module

shapes = st.tuples(st.sampled_from((1, 3, 29, 31, 32, 210)), st.integers(1, 12), st.integers(1, 12))


def random_pair(seed, shape):
    generator = np.random.default_rng(seed)
    density = generator.random((2, shape[0], 1, 1))
    planes = generator.random((2, *shape)) < density
    if generator.random() < 0.5:
        planes = np.logical_or.accumulate(planes, axis=3)
    ignore = generator.random((2, *shape[1:])) < generator.choice([0, 0.3], size=(2, 1, 1))
    return planes, ignore


@given(shapes, st.integers(0, 2**32), st.sampled_from((1, 7, 2**20)))
@settings(deadline=None, max_examples=100)
def test_counts_are_the_plane_per_class_definition(shape, seed, block):
    (predicted, true), (ignored_prediction, ignored_truth) = random_pair(seed, shape)
    with mock.patch.object(counts_module, 'PIXELS_PER_BLOCK', block):
        counts = masks.overlap_counts(
            masks.pack(predicted, ignored_prediction), masks.pack(true, ignored_truth), shape[0]
        )
    predicted = predicted & ~ignored_prediction & ~ignored_truth
    true = true & ~ignored_truth
    np.testing.assert_array_equal(counts.intersection, (predicted & true).sum((1, 2)))
    np.testing.assert_array_equal(counts.prediction, predicted.sum((1, 2)))
    np.testing.assert_array_equal(counts.reference, true.sum((1, 2)))
    assert {array.dtype for array in counts} == {np.dtype(np.int64)}


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_scores_are_their_formulas(shape, seed):
    (predicted, true), _ = random_pair(seed, shape)
    counts = masks.overlap_counts(masks.pack(predicted), masks.pack(true), shape[0])
    both, either = (predicted & true).sum((1, 2)), (predicted | true).sum((1, 2))
    sizes = predicted.sum((1, 2)) + true.sum((1, 2))
    np.testing.assert_allclose(masks.dice(counts), (2 * both + 1e-4) / (sizes + 1e-4), rtol=1e-12)
    np.testing.assert_allclose(masks.iou(counts), (both + 1e-4) / (either + 1e-4), rtol=1e-12)


def test_by_hand():
    truth = masks.pack(np.array([[[1, 1, 1, 0]], [[0, 0, 0, 0]], [[1, 0, 0, 0]]], bool))
    prediction = masks.pack(np.array([[[0, 1, 1, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 1]]], bool))
    counts = masks.overlap_counts(prediction, truth, 3)
    assert counts.intersection.tolist() == [2, 0, 0]
    assert counts.prediction.tolist() == [3, 0, 1]
    assert counts.reference.tolist() == [3, 0, 1]
    dice = masks.dice(counts)
    assert dice.dtype == np.float64
    np.testing.assert_allclose(dice, [(4 + 1e-4) / (6 + 1e-4), 1, 1e-4 / (2 + 1e-4)])
    np.testing.assert_allclose(masks.iou(counts), [(2 + 1e-4) / (4 + 1e-4), 1, 1e-4 / (2 + 1e-4)])


def test_counts_add_up_over_images():
    (predicted, true), _ = random_pair(1, (5, 8, 6))
    whole = masks.overlap_counts(masks.pack(predicted), masks.pack(true), 5)
    parts = [
        masks.overlap_counts(masks.pack(predicted[:, rows]), masks.pack(true[:, rows]), 5)
        for rows in (slice(0, 3), slice(3, None))
    ]
    for total, first, second in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(total, first + second)


def test_counts_beyond_32_bits_do_not_overflow():
    counts = masks.OverlapCounts(*np.full((3, 1), 2**40))
    assert masks.dice(counts)[0] == 1


def test_shapes_must_agree():
    with pytest.raises(ValueError, match='different shapes'):
        masks.overlap_counts(masks.empty(2, 3, 1), masks.empty(3, 2, 1), 1)
    with pytest.raises(ValueError, match='40 classes need 2 planes'):
        masks.overlap_counts(masks.empty(2, 3, 1), masks.empty(2, 3, 1), 40)
