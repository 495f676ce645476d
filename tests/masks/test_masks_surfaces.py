"""Surfaces and counts on runs against their definitions."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from handbone import masks
from handbone.masks import surfaces

shapes = st.tuples(st.sampled_from((1, 3, 31, 32)), st.integers(1, 12), st.integers(1, 12))


def random_planes(seed, shape):
    generator = np.random.default_rng(seed)
    planes = generator.random(shape) < generator.random((shape[0], 1, 1))
    return np.logical_or.accumulate(planes, axis=2) if generator.random() < 0.5 else planes


@given(shapes, st.integers(0, 2**32), st.sampled_from((1, 2, 5, 64)))
@settings(deadline=None, max_examples=100)
def test_surface_is_the_mask_without_its_erosion(shape, seed, block):
    planes = random_planes(seed, shape)
    ignore = np.random.default_rng(seed).random(shape[1:]) < 0.1
    with mock.patch.object(surfaces, 'ROWS_PER_BLOCK', block):
        found = masks.surface_pixels(masks.pack(planes, ignore), shape[0])
    assert len(found) == shape[0]
    for pixels, mask in zip(found, planes & ~ignore, strict=True):
        np.testing.assert_array_equal(pixels, np.argwhere(mask & ~binary_erosion(mask)))


def test_surface_of_a_map_for_other_classes():
    with pytest.raises(ValueError, match='40 classes need 2 planes'):
        masks.surface_pixels(masks.empty(2, 3, 1), 40)


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_counts_on_runs_are_those_of_the_maps(shape, seed):
    maps = [masks.pack(random_planes(seed + other, shape)) for other in (0, 1)]
    counts = masks.run_overlap_counts(*(masks.encode(packed, shape[0]) for packed in maps))
    for on_runs, on_maps in zip(counts, masks.overlap_counts(*maps, shape[0]), strict=True):
        np.testing.assert_array_equal(on_runs, on_maps)
        assert on_runs.dtype == np.int64


def test_counts_on_runs_of_other_classes():
    runs = np.zeros((0, 2), np.int64)
    with pytest.raises(ValueError, match='different numbers of classes: 1 and 2'):
        masks.run_overlap_counts([runs], [runs, runs])


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_precision_and_recall_are_their_formulas(shape, seed):
    predicted, true = (random_planes(seed + other, shape) for other in (0, 1))
    counts = masks.overlap_counts(masks.pack(predicted), masks.pack(true), shape[0])
    for index in range(shape[0]):
        both = (predicted[index] & true[index]).sum()
        for score, whole, other in (
            (masks.precision(counts), predicted[index], true[index]),
            (masks.recall(counts), true[index], predicted[index]),
        ):
            expected = both / whole.sum() if whole.any() else float(not other.any())
            assert score[index] == pytest.approx(expected)
