"""COCO's polygons and counts against pycocotools, and unions and new indices of classes."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handbone.errors import HandboneError
from handbone.masks import decode, encode, pack, unpack
from handbone.masks.coco_polygons import coco_polygon_runs
from handbone.masks.coco_rle import coco_counts, read_coco_counts
from handbone.masks.remapping import remap_classes
from handbone.masks.run_union import unite_runs

mask_utils = pytest.importorskip('pycocotools.mask')

SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))
#: Whole, half and any coordinates, inside and outside.
POINTS = st.one_of(
    st.integers(-8, 40),
    st.integers(-16, 80).map(lambda twice: twice / 2),
    st.floats(-8, 40).map(lambda value: round(value, 3)),
)
FAR = st.one_of(POINTS, st.integers(-3000, 3000), st.floats(-3000, 3000))


@settings(max_examples=300, deadline=None)
@given(
    SHAPES,
    st.lists(st.tuples(POINTS, POINTS), min_size=3, max_size=9)
    | st.lists(st.tuples(FAR, FAR), min_size=3, max_size=9),
)
def test_polygons_are_drawn_as_pycocotools_draws_them(shape, points):
    flat = [float(number) for point in points for number in point]
    expected = mask_utils.decode(mask_utils.frPyObjects([flat], *shape)[0])
    drawn = decode([coco_polygon_runs(np.array(points, float), *shape)], *shape, 'F')
    np.testing.assert_array_equal(drawn, expected)


def peak(points, height, width):
    tracemalloc.start()
    try:
        runs = coco_polygon_runs(np.array(points, float), height, width)
        return runs, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_for_a_polygon_is_that_of_the_image():
    """However far its points are, and however often it crosses the image."""
    corners = [(-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)] * 50
    runs, bytes_used = peak([*corners, (-1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)], 8, 9)
    assert bytes_used < 2**20
    below = decode([runs], 8, 9, 'F')
    np.testing.assert_array_equal(below, np.tri(8, 9, -1) + np.eye(8, 9))
    zigzag = [(number % 2 * 1000, number % 500) for number in range(4000)]
    assert peak(zigzag, 500, 1000)[1] < 2**26


@settings(max_examples=100, deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(bool, shape)))
def test_counts_of_pycocotools_are_read(mask):
    counts = mask_utils.encode(np.asfortranarray(mask.view(np.uint8)))['counts'].decode()
    runs = read_coco_counts(counts, mask.size)
    np.testing.assert_array_equal(runs, encode(pack(mask[None]), 1, 'F')[0])
    assert coco_counts(runs, mask.size) == counts


def test_counts_of_a_large_mask():
    mask = np.zeros((2048, 2048), np.uint8)
    mask[3:2040, 700:] = 1
    counts = mask_utils.encode(np.asfortranarray(mask))['counts'].decode()
    runs = read_coco_counts(counts, mask.size)
    np.testing.assert_array_equal(runs, encode(mask.astype(np.int32), 1, 'F')[0])


@pytest.mark.parametrize(
    ('counts', 'fault'),
    [
        ([3, 2], 'add up to 5 pixels, but the mask has 6'),
        ([7, -1], 'below 0'),
        ([1.5, 4.5], 'not whole numbers'),
        ([True, 5], 'not whole numbers'),
        ([2**70], 'beyond any image'),
        ('', 'add up to 0'),
        ('ÿ', 'a character that COCO does not use'),
        ('6P', 'cut off'),
        ('PPPPPPPPPP0', 'beyond any image'),
    ],
)
def test_damaged_counts(counts, fault):
    with pytest.raises(HandboneError, match=fault):
        read_coco_counts(counts, 6)


@settings(max_examples=100, deadline=None)
@given(st.lists(arrays(bool, (5, 7)), max_size=4))
def test_union_of_runs(masks):
    parts = [encode(mask.astype(np.int32), 1)[0] for mask in masks]
    expected = np.logical_or.reduce([np.zeros((5, 7), bool), *masks])
    np.testing.assert_array_equal(unite_runs(parts), encode(expected.astype(np.int32), 1)[0])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([1, 3, 31, 32, 40]), st.sampled_from([1, 4, 31, 33]))
def test_new_indices_of_classes(data, old, new):
    masks = data.draw(arrays(bool, (old, 4, 5)))
    ignore = data.draw(arrays(bool, (4, 5)))
    targets = st.one_of(st.none(), st.integers(0, new - 1))
    indices = data.draw(st.lists(targets, min_size=old, max_size=old))
    expected = np.zeros((new, 4, 5), bool)
    for mask, index in zip(masks, indices, strict=True):
        if index is not None:
            expected[index] |= mask & ~ignore
    remapped = remap_classes(pack(masks, ignore), indices, new)
    np.testing.assert_array_equal(unpack(remapped, new), expected)
    first = remapped if remapped.ndim == 2 else remapped[..., 0]
    np.testing.assert_array_equal(first < 0, ignore)
