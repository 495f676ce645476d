import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone import masks


@given(st.sampled_from((1, 2, 10, 31, 32, 65)), st.integers(0, 2**32), st.floats(0, 0.5))
@settings(deadline=None, max_examples=60)
def test_equals_the_definition_on_planes(num_classes, seed, share):
    generator = np.random.default_rng(seed)
    planes = generator.random((num_classes, 6, 7)) < share
    ignored = generator.random((6, 7)) < 0.2
    packed = masks.planes_first(masks.pack(planes, ignored))[None]

    first = planes & (planes.cumsum(axis=0) == 1)
    expected = np.where(planes.any(axis=0), planes.argmax(axis=0) + 1, 0)
    numbers = masks.index_map(packed, 250)
    assert numbers.dtype == torch.int64
    np.testing.assert_array_equal(numbers[0], np.where(ignored, 250, expected))
    np.testing.assert_array_equal(
        masks.first_class_only(packed)[0], masks.planes_first(masks.pack(first, ignored))
    )
    np.testing.assert_array_equal(masks.overlapping(packed)[0], (planes.sum(axis=0) > 1) & ~ignored)


def test_the_input_stays_as_it_is():
    packed = masks.planes_first(masks.pack(np.ones((40, 2, 2), bool)))[None]
    before = packed.clone()
    masks.first_class_only(packed), masks.index_map(packed), masks.overlapping(packed)
    assert torch.equal(packed, before)
