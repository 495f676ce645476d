import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone import masks


@pytest.mark.parametrize('num_classes', [1, 29, 31, 32, 210])
@pytest.mark.parametrize('angle', [0, 15, -77, 90])
def test_each_class_is_warped_as_its_own_mask(num_classes, angle):
    generator = np.random.default_rng(angle + 100)
    planes = generator.random((num_classes, 90, 70)) < 0.4
    ignore = generator.random((90, 70)) < 0.2
    matrix = cv2.getRotationMatrix2D((34.5, 44.5), angle, 1.1)
    warped = masks.warp(masks.pack(planes, ignore), matrix, (80, 75))
    assert warped.dtype == np.int32
    assert warped.shape[:2] == (80, 75)

    def one(mask):
        return cv2.warpAffine(mask.astype(np.uint8), matrix, (75, 80), flags=cv2.INTER_NEAREST) != 0

    np.testing.assert_array_equal(masks.ignore_mask(warped), one(ignore))
    for index in range(num_classes):
        np.testing.assert_array_equal(masks.class_mask(warped, index), one(planes[index]))


@given(st.integers(0, 2**32), st.integers(-9, 9), st.integers(-9, 9), st.sampled_from((1, 3)))
@settings(deadline=None, max_examples=50)
def test_any_code_survives_a_shift(seed, right, down, planes):
    generator = np.random.default_rng(seed)
    codes = generator.integers(-(2**31), 2**31, (20, 30, planes), dtype=np.int32)
    packed = codes[:, :, 0] if planes == 1 else codes
    matrix = np.array([[1, 0, right], [0, 1, down]], float)
    shifted = masks.warp(packed, matrix, (20, 30))
    expected = np.zeros_like(packed)
    rows, columns = np.indices((20, 30))
    inside = (rows - down >= 0) & (rows - down < 20) & (columns - right >= 0)
    inside &= columns - right < 30
    expected[inside] = packed[(rows - down)[inside], (columns - right)[inside]]
    np.testing.assert_array_equal(shifted, expected)


def test_views_are_accepted():
    packed = np.arange(600, dtype=np.int32).reshape(20, 30)
    same = np.array([[1, 0, 0], [0, 1, 0]], float)
    np.testing.assert_array_equal(masks.warp(packed.T, same, (30, 20)), packed.T)
    np.testing.assert_array_equal(masks.warp(packed[::-1, ::2], same, (20, 15)), packed[::-1, ::2])
