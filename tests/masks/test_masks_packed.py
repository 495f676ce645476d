import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone import masks

CLASS_COUNTS = (1, 2, 29, 31, 32, 62, 63, 210)
shapes = st.tuples(st.sampled_from(CLASS_COUNTS), st.integers(1, 9), st.integers(1, 9))


def random_planes(seed, num_classes, height, width):
    generator = np.random.default_rng(seed)
    planes = generator.random((num_classes, height, width)) < generator.random()
    return planes, generator.random((height, width)) < 0.2


@pytest.mark.parametrize(
    ('num_classes', 'planes'), [(1, 1), (31, 1), (32, 2), (62, 2), (63, 3), (210, 7)]
)
def test_number_of_planes(num_classes, planes):
    assert masks.num_planes(num_classes) == planes
    shape = (4, 5) if planes == 1 else (4, 5, planes)
    empty = masks.empty(4, 5, num_classes)
    assert empty.shape == shape
    assert empty.dtype == np.int32
    assert not empty.any()


def test_no_class_is_an_error():
    with pytest.raises(ValueError, match='at least 1 class'):
        masks.num_planes(0)


def test_bits_by_hand():
    planes = np.zeros((32, 1, 3), bool)
    planes[0, 0, 0] = planes[30, 0, 0] = planes[31, 0, 0] = True
    planes[1, 0, 1] = True
    packed = masks.pack(planes, ignore=np.array([[False, True, False]]))
    ignore = -(2**31)
    assert packed.tolist() == [[[1 + 2**30, 1], [ignore + 2, ignore], [0, 0]]]


def test_raw_bits_survive_under_the_ignore_bit():
    packed = masks.pack(np.ones((2, 1, 1), bool), ignore=np.ones((1, 1), bool))
    assert masks.class_mask(packed, 1).all()
    assert masks.ignore_mask(packed).all()
    assert not masks.unpack(packed, 2).any()


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_unpack_inverts_pack(shape, seed):
    planes, ignore = random_planes(seed, *shape)
    packed = masks.pack(planes, ignore)
    assert packed.dtype == np.int32
    np.testing.assert_array_equal(masks.unpack(packed, shape[0]), planes & ~ignore)
    np.testing.assert_array_equal(masks.ignore_mask(packed), ignore)
    for index in range(shape[0]):
        np.testing.assert_array_equal(masks.class_mask(packed, index), planes[index])


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_tensors(shape, seed):
    planes, ignore = random_planes(seed, *shape)
    packed = masks.pack(planes, ignore)
    tensor = masks.planes_first(packed)
    assert tensor.shape == (masks.num_planes(shape[0]), *shape[1:])
    assert tensor.dtype == torch.int32
    np.testing.assert_array_equal(masks.planes_last(tensor), packed)
    batch = torch.stack([tensor, torch.zeros_like(tensor)])
    np.testing.assert_array_equal(masks.ignore_bits(batch)[0].numpy(), ignore)
    assert not masks.ignore_bits(batch)[1].any()
    for index in range(shape[0]):
        bits = masks.class_bits(batch, index)
        assert bits.dtype == torch.bool
        np.testing.assert_array_equal(bits[0].numpy(), planes[index])
        assert not bits[1].any()
        target = masks.class_target(batch, index, torch.float64)
        assert target.dtype == torch.float64
        np.testing.assert_array_equal(target.numpy(), bits.numpy())


def test_views_are_accepted():
    planes, ignore = random_planes(3, 5, 8, 9)
    packed = masks.pack(planes, ignore)
    flipped = packed[::-1, ::-1]
    tensor = masks.planes_first(flipped)
    np.testing.assert_array_equal(masks.planes_last(tensor), flipped)


@pytest.mark.parametrize(
    'wrong', [np.zeros((3, 3), np.uint8), np.zeros((3, 3), np.int64), np.zeros(9, np.int32)]
)
def test_other_arrays_are_refused(wrong):
    with pytest.raises(ValueError, match='int32 array of shape'):
        masks.unpack(wrong, 3)


def test_wrong_number_of_planes_is_an_error():
    with pytest.raises(ValueError, match='32 classes need 2 planes'):
        masks.unpack(masks.empty(3, 3, 31), 32)


def test_masks_to_pack_need_three_axes():
    with pytest.raises(ValueError, match=r'shape \(C, H, W\)'):
        masks.pack(np.zeros((3, 3), bool))
