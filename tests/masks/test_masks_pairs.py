"""Overlaps of pairs of classes against their definition on planes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone import masks

shapes = st.tuples(st.sampled_from((2, 3, 29, 31, 32, 70)), st.integers(1, 12), st.integers(1, 12))


def random_maps(seed, shape):
    """Planes and ignored pixels of prediction and reference."""
    generator = np.random.default_rng(seed)
    planes = generator.random((2, *shape)) < generator.choice([0.02, 0.3], (2, shape[0], 1, 1))
    ignore = generator.random((2, *shape[1:])) < generator.choice([0, 0.3], size=(2, 1, 1))
    return planes, ignore


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_pairs_that_share_a_pixel(shape, seed):
    (planes, _), (ignore, _) = random_maps(seed, shape)
    found = masks.overlapping_pairs(masks.pack(planes, ignore), shape[0])
    seen = planes & ~ignore
    expected = [
        pair
        for pair in itertools.combinations(range(shape[0]), 2)
        if (seen[pair[0]] & seen[pair[1]]).any()
    ]
    assert list(map(tuple, found.tolist())) == expected
    pairs, pixels = masks.pair_pixels(masks.pack(planes, ignore), shape[0])
    assert pairs.tolist() == found.tolist()
    wanted = [int((seen[first] & seen[second]).sum()) for first, second in expected]
    assert pixels.tolist() == wanted


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_pair_maps_hold_what_both_classes_share(shape, seed):
    (predicted, true), (ignored_prediction, ignored_truth) = random_maps(seed, shape)
    pairs = np.random.default_rng(seed).integers(0, shape[0], (40, 2))
    found = masks.pair_maps(
        masks.pack(predicted, ignored_prediction), masks.pack(true, ignored_truth), pairs, shape[0]
    )
    predicted = predicted & ~ignored_prediction & ~ignored_truth
    true = true & ~ignored_truth
    different = pairs[:, 0] != pairs[:, 1]  # a pair is of two classes
    counts = masks.overlap_counts(*found, len(pairs))
    first, second = pairs.T
    both = predicted[first] & predicted[second], true[first] & true[second]
    for count, expected in zip(counts, (both[0] & both[1], *both), strict=True):
        np.testing.assert_array_equal(count[different], expected.sum((1, 2))[different])


def test_the_box_around_all_shared_pixels():
    reference = np.zeros((9, 8), np.int32)
    reference[2:5, 3] = 0b101
    reference[8, 0] = 0b001  # of one class alone
    prediction = np.zeros_like(reference)
    prediction[3, 3:6] = 0b111
    predicted, true = masks.pair_maps(prediction, reference, [[2, 0], [0, 1]], 3)
    np.testing.assert_array_equal(true, [[1, 0, 0]] * 3)
    np.testing.assert_array_equal(predicted, [[0, 0, 0], [3, 3, 3], [0, 0, 0]])


def test_pairs_that_do_not_exist():
    maps = masks.empty(2, 3, 2), masks.empty(2, 3, 2)
    for pairs in ([[0, 2]], [[-1, 0]], []):
        with pytest.raises(ValueError, match='Pairs are of two of 2 classes'):
            masks.pair_maps(*maps, pairs, 2)
    with pytest.raises(ValueError, match='different shapes'):
        masks.pair_maps(maps[0], masks.empty(3, 3, 2), [[0, 1]], 2)
