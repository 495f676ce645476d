"""Segments of one code, compared with the drawn map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbone.masks import decode, encode, run_segments


def drawn(starts, codes, size):
    """Draw segments one by one."""
    pixels = np.zeros((size, codes.shape[1]), np.int32)
    for start, code in zip(starts.tolist(), codes, strict=True):
        pixels[start:] = code
    return pixels


@given(st.data(), st.sampled_from([1, 5, 31, 32, 70]))
def test_segments_are_the_drawn_map(data, num_classes):
    size = 24
    pixels = data.draw(
        st.lists(st.sets(st.integers(0, num_classes - 1), max_size=4), min_size=size, max_size=size)
    )
    masks = np.zeros((num_classes, 4, size // 4), bool)
    for place, classes in enumerate(pixels):
        masks.reshape(num_classes, -1)[list(classes), place] = True
    runs = [encode(mask.astype(np.int32), 1)[0] for mask in masks]
    starts, codes = run_segments(runs)
    expected = decode(runs, 4, size // 4).reshape(size, -1)
    np.testing.assert_array_equal(drawn(starts, codes, size), expected)
    # nothing is said twice
    assert (np.diff(starts) > 0).all()
    before = np.concatenate([np.zeros_like(codes[:1]), codes[:-1]])
    assert (codes != before).any(axis=1).all()


@pytest.mark.parametrize('num_classes', [1, 31, 40])
def test_no_run_is_no_segment(num_classes):
    starts, codes = run_segments([np.zeros((0, 2), np.int64)] * num_classes)
    assert len(starts) == 0 and codes.shape == (0, -(-num_classes // 31))


def test_touching_runs_are_one_segment():
    starts, codes = run_segments([np.array([[2, 3], [5, 1]])])
    assert starts.tolist() == [2, 6] and codes.ravel().tolist() == [1, 0]
