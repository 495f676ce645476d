import tracemalloc

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from handbone import masks
from handbone.errors import HandboneError
from handbone.masks import upsample
from handbone.masks.decision import LogitBlock, UpsampledBlock, decide

sides = st.integers(1, 40)


def smooth_logits(seed, num_classes, height, width):
    noise = np.random.default_rng(seed).standard_normal((num_classes, height, width))
    blurred = ndimage.gaussian_filter(noise, (0, 2, 2), mode='nearest')
    return torch.from_numpy((4 * blurred / (blurred.std() + 1e-9)).astype(np.float32))


def best_class(full, background):
    """Class of the largest logit from 1 on, 0 for the background, and where two are close."""
    all_logits = torch.cat([torch.full_like(full[:1], background), full])
    largest = all_logits.topk(2, dim=0)
    return largest.indices[0].numpy(), (largest.values[0] - largest.values[1]).numpy() < 1e-4


def numbers(packed, num_classes):
    """Class of each pixel from 1 on, 0 for none; fails where a pixel has several."""
    planes = masks.unpack(masks.planes_last(packed), num_classes)
    assert planes.sum(axis=0).max() <= 1
    return planes.argmax(axis=0) + planes.any(axis=0)


@given(st.sampled_from((1, 2, 10, 31, 32, 65)), sides, sides, sides, st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_the_largest_logit_wins_as_in_an_argmax_of_planes(num_classes, low, height, width, seed):
    logits = smooth_logits(seed, num_classes, low, low)
    full = F.interpolate(logits[None], (height, width), mode='bilinear')[0]
    for threshold in (0.5, 0.9):
        packed = masks.logits_to_packed(logits, (height, width), threshold, exclusive=True)
        expected, close = best_class(full, float(np.log(threshold / (1 - threshold))))
        found = numbers(packed, num_classes)
        np.testing.assert_array_equal(found[~close], expected[~close])


@given(st.integers(2, 40), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_the_same_between_the_logits_of_a_resize(num_classes, seed):
    logits, size = smooth_logits(seed, num_classes, 12, 9), (33, 21)
    matrix = masks.scaling(9 / 21, 12 / 33)
    placed = masks.placed_to_packed(logits, matrix, size, exclusive=True)
    expected, close = best_class(F.interpolate(logits[None], size, mode='bilinear')[0], 0.0)
    np.testing.assert_array_equal(numbers(placed, num_classes)[~close], expected[~close])


def test_of_equal_logits_the_first_wins_and_nan_never():
    logits = torch.tensor([1.0, 2.0, 2.0, torch.nan])[:, None, None]
    assert masks.logits_to_packed(logits, (1, 1), exclusive=True).item() == 2
    logits = torch.tensor([torch.nan, 1.0, torch.nan, 0.5])[:, None, None]
    assert masks.logits_to_packed(logits, (1, 1), exclusive=True).item() == 2
    assert masks.logits_to_packed(torch.zeros(3, 1, 1), (1, 1), exclusive=True).item() == 0


def test_different_thresholds_are_refused():
    with pytest.raises(HandboneError, match='one threshold for all'):
        masks.logits_to_packed(torch.zeros(2, 1, 1), (1, 1), [0.4, 0.5], exclusive=True)


@given(st.booleans(), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_arrays_and_tensors_decide_alike(exclusive, seed):
    generator = np.random.default_rng(seed)
    limits, size = [0.1] * 33, (5, 6)
    arrays = [
        UpsampledBlock(index, slice(1, 4), slice(0, 5), generator.normal(size=(3, 5)))
        for index in range(33)
    ]
    arrays[3].values[0, 0] = np.nan
    tensors = [LogitBlock(*each[:3], torch.from_numpy(each.values)) for each in arrays]
    by_arrays = decide(arrays, limits, size, torch.zeros(1, dtype=torch.float64), exclusive)
    by_tensors = torch.zeros_like(by_arrays)
    like = torch.zeros(1, dtype=torch.float64)
    best = masks.decision._largest_so_far(limits[0], size, like, exclusive)
    masks.decision._decide_torch(tensors, limits, by_tensors, best)
    assert torch.equal(by_arrays, by_tensors)
    assert by_arrays.any()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float32])
def test_half_precision_decides_between_close_logits(dtype):
    """The map of the largest logit was rounded, so that the second class won here."""
    values = torch.tensor([[1.00005]]), torch.tensor([[1.00002]])
    rows = columns = slice(0, 1)
    blocks = [LogitBlock(index, rows, columns, each) for index, each in enumerate(values)]
    packed = torch.zeros(1, 1, 1, dtype=torch.int32)
    largest = masks.decision._largest_so_far(0.0, (1, 1), torch.zeros(1, dtype=dtype), True)
    masks.decision._decide_torch(blocks, [0.0, 0.0], packed, largest)
    assert packed.item() == 1


def test_one_more_map_is_all_that_it_takes():
    logits, size = smooth_logits(0, 10, 64, 64), (512, 512)
    tracemalloc.start()
    masks.logits_to_packed(logits, size, exclusive=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    maps = 2 * 4 * size[0] * size[1]
    assert maps < peak < maps + 8 * 4 * upsample.PIXELS_PER_CPU_BLOCK
