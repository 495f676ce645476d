import math
from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from handbone import masks
from handbone.masks import upsample

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def smooth_logits(seed, num_classes, height, width):
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((num_classes, height, width))
    blurred = ndimage.gaussian_filter(noise, (0, 2, 2), mode='nearest')
    logits = 4 * blurred / (blurred.std() + 1e-9) + generator.uniform(-4, 1)
    return torch.from_numpy(logits.astype(np.float32))


def reference(logits, size):
    return F.interpolate(logits[None], size, mode='bilinear', align_corners=False)[0]


def check(packed, full, thresholds, tolerance=1e-4):
    """Compare with full-size logits, except where they are within rounding of the threshold."""
    num_classes = len(full)
    limits = np.broadcast_to(np.log(thresholds) - np.log1p(-np.array(thresholds)), num_classes)
    full = np.asarray(full, np.float64) - limits[:, None, None]
    found = masks.unpack(masks.planes_last(packed), num_classes)
    close = np.abs(full) < tolerance
    np.testing.assert_array_equal(found & ~close, (full > 0) & ~close)
    assert close.mean() < 0.01 or full.size < 1000


def by_coordinates(logits, size, content):
    """Bilinear sampling at (index + 0.5) * content / size - 0.5, in float64."""
    rows, columns = (
        (np.arange(size[axis]) + 0.5) * content[axis] / size[axis] - 0.5 for axis in (0, 1)
    )
    cut = logits[:, : math.ceil(content[0]), : math.ceil(content[1])].double().numpy()
    rows = np.clip(rows, 0, cut.shape[1] - 1)
    columns = np.clip(columns, 0, cut.shape[2] - 1)
    grid = np.meshgrid(rows, columns, indexing='ij')
    return np.stack([ndimage.map_coordinates(each, grid, order=1) for each in cut])


@given(st.sampled_from((1, 2, 31, 32, 65)), sizes, sizes, st.integers(0, 2**32), st.booleans())
@settings(deadline=None, max_examples=100)
def test_equals_interpolation_of_all_planes(num_classes, low, size, seed, smooth):
    if smooth:
        logits = smooth_logits(seed, num_classes, *low)
    else:
        logits = torch.from_numpy(
            np.random.default_rng(seed).normal(-1, 2, (num_classes, *low)).astype(np.float32)
        )
    packed = masks.logits_to_packed(logits, size)
    assert packed.dtype == torch.int32
    assert packed.shape == (masks.num_planes(num_classes), *size)
    check(packed, reference(logits, size), 0.5)


@pytest.mark.parametrize('size', [(256, 256), (301, 167), (48, 48), (20, 31), (47, 200)])
@pytest.mark.parametrize('num_classes', [29, 210])
def test_up_and_down_with_many_classes(num_classes, size):
    logits = smooth_logits(7, num_classes, 48, 48)
    check(masks.logits_to_packed(logits, size), reference(logits, size), 0.5)


@given(sizes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_a_threshold_for_each_class(size, seed):
    thresholds = np.random.default_rng(seed).uniform(0.02, 0.98, 33)
    logits = smooth_logits(seed, 33, 13, 17)
    full = reference(logits, size)
    for given_as in (thresholds, thresholds.tolist(), torch.from_numpy(thresholds)):
        check(masks.logits_to_packed(logits, size, given_as), full, thresholds)
    check(masks.logits_to_packed(logits, size, 0.3), full, 0.3)


def test_threshold_is_on_the_probability():
    logits = torch.tensor([[[0.8]], [[0.9]]])  # sigmoid 0.690 and 0.711
    assert masks.logits_to_packed(logits, (1, 1), 0.7).item() == 2
    assert masks.logits_to_packed(logits, (1, 1), [0.68, 0.72]).item() == 1
    assert masks.logits_to_packed(torch.zeros(1, 1, 1), (1, 1)).item() == 0


@given(st.tuples(st.integers(1, 24), st.integers(1, 24)), sizes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_padding_is_cut_off(content, size, seed):
    logits = smooth_logits(seed, 5, 24, 24)
    logits[:, content[0] :] = 50
    logits[:, :, content[1] :] = 50
    packed = masks.logits_to_packed(logits, size, content=content)
    check(packed, reference(logits[:, : content[0], : content[1]], size), 0.5)


@given(
    st.tuples(st.floats(0.5, 24), st.floats(0.5, 24)),
    sizes,
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=60)
def test_padding_may_end_within_a_logit(content, size, seed):
    logits = smooth_logits(seed, 5, 24, 24)
    packed = masks.logits_to_packed(logits, size, content=content)
    check(packed, by_coordinates(logits, size, content), 0.5, tolerance=1e-3)


def test_box_ends_reach_as_far_as_the_interpolation():
    for row in range(6):
        for column in range(7):
            logits = torch.full((1, 6, 7), -1.0)
            logits[0, row, column] = 100
            check(masks.logits_to_packed(logits, (50, 43)), reference(logits, (50, 43)), 0.5)


def test_nan_is_absent_and_stays_in_its_class():
    logits = smooth_logits(3, 3, 12, 12)
    clean = masks.unpack(masks.planes_last(masks.logits_to_packed(logits, (60, 60))), 3)
    logits[0] = torch.nan
    logits[1, 2, 2] = torch.nan
    found = masks.unpack(masks.planes_last(masks.logits_to_packed(logits, (60, 60))), 3)
    assert not found[0].any()
    np.testing.assert_array_equal(found[1], (reference(logits, (60, 60))[1] > 0).numpy())
    np.testing.assert_array_equal(found[2], clean[2])


def test_infinite_logits_are_as_in_pytorch():
    logits = torch.full((2, 8, 8), -torch.inf)
    logits[:, 2:6, 2:6] = torch.inf
    logits[1, 3, 3] = 5
    full = reference(logits, (29, 29))
    found = masks.unpack(masks.planes_last(masks.logits_to_packed(logits, (29, 29))), 2)
    np.testing.assert_array_equal(found, (full > 0).numpy())
    assert found[0].any()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_other_types(dtype):
    logits = smooth_logits(4, 6, 20, 20).to(dtype)
    wide = logits if dtype == torch.float64 else logits.float()
    check(masks.logits_to_packed(logits, (90, 70)), reference(wide, (90, 70)), 0.5)


def test_logits_that_require_a_gradient_or_are_views():
    logits = smooth_logits(4, 6, 20, 24).requires_grad_()
    view = logits.transpose(1, 2)
    packed = masks.logits_to_packed(view, (50, 60))
    assert not packed.requires_grad
    check(packed, reference(view.detach(), (50, 60)), 0.5)


def upsample_as_on_a_device(logits, *arguments):
    for block in upsample._upsample_torch(torch.from_numpy(logits), *arguments):
        yield masks.UpsampledBlock(*block[:3], block.values.numpy())


@pytest.mark.parametrize('size', [(256, 256), (30, 40), (101, 57)])
def test_the_way_of_other_devices_gives_the_same(size):
    logits = smooth_logits(11, 33, 32, 36)
    with (
        mock.patch.object(upsample, '_upsample_numpy', upsample_as_on_a_device),
        mock.patch.object(upsample, 'PIXELS_PER_GPU_BLOCK', 5000),
    ):
        packed = masks.logits_to_packed(logits, size)
        check(packed, reference(logits, size), 0.5)
        packed = masks.logits_to_packed(logits, size, content=(30.5, 36))
        check(packed, by_coordinates(logits, size, (30.5, 36)), 0.5, tolerance=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
@pytest.mark.parametrize('size', [(512, 512), (30, 40), (301, 157)])
def test_cuda(size):
    logits = smooth_logits(11, 40, 64, 72)
    packed = masks.logits_to_packed(logits.cuda(), size)
    assert packed.is_cuda
    check(packed, reference(logits, size), 0.5)
    packed = masks.logits_to_packed(logits.cuda().half(), size, content=(60.5, 72))
    check(packed, by_coordinates(logits.half(), size, (60.5, 72)), 0.5, tolerance=1e-3)


def test_small_blocks_give_the_same():
    logits = smooth_logits(12, 5, 16, 16)
    whole = masks.logits_to_packed(logits, (70, 80))
    with mock.patch.object(upsample, 'PIXELS_PER_CPU_BLOCK', 100):
        assert torch.equal(masks.logits_to_packed(logits, (70, 80)), whole)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'thresholds': 0.0}, 'between 0 and 1'),
        ({'thresholds': [0.5, 1.0]}, 'between 0 and 1'),
        ({'thresholds': float('nan')}, 'between 0 and 1'),
        ({'thresholds': [0.5, 0.5, 0.5]}, 'thresholds lists 3 thresholds for 2 classes'),
        ({'content': (5, 4)}, 'not within logits'),
        ({'content': (0, 4)}, 'not within logits'),
        ({'size': (0, 4)}, 'at least 1 x 1'),
    ],
)
def test_faulty_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        masks.logits_to_packed(torch.zeros(2, 4, 4), **{'size': (8, 8), **arguments})


def test_logits_need_three_axes():
    with pytest.raises(ValueError, match=r'shape \(C, h, w\)'):
        masks.logits_to_packed(torch.zeros(1, 2, 4, 4), (8, 8))
