"""RandomCLAHE, RandomGamma and RandomSharpness against their definitions."""

import cv2
import numpy as np
import pytest
from scipy import ndimage

from handbone.datasets import RandomCLAHE, RandomGamma, RandomSharpness
from handbone.errors import HandboneError

TRANSFORMS = [RandomCLAHE, RandomGamma, RandomSharpness]


def image(channels=(), dtype=np.uint8):
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(
        rng.uniform(0, 255, (64, 48, *channels)), (2, 2, 0)[: 2 + len(channels)]
    )
    return (smooth * 2 - 120).clip(0, 255).astype(dtype)


@pytest.mark.parametrize('kind', TRANSFORMS)
@pytest.mark.parametrize('channels', [(), (3,)])
@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_dtype_shape_and_range_stay_and_labels_are_untouched(kind, channels, dtype):
    given, labels = image(channels, dtype), np.ones((64, 48), np.int32)
    np.random.seed(1)
    results = kind(prob=1.0)(dict(img=given, gt_seg_map=labels, seg_fields=['gt_seg_map']))
    changed = results['img']
    assert changed.dtype == dtype and changed.shape == given.shape
    assert changed.min() >= 0 and changed.max() <= 255 and not np.array_equal(changed, given)
    assert results['gt_seg_map'] is labels


@pytest.mark.parametrize('kind', TRANSFORMS)
def test_the_probability(kind):
    given = image()
    assert kind(prob=0.0)(dict(img=given))['img'] is given
    transform = kind(prob=0.4)
    np.random.seed(0)
    changed = [transform(dict(img=given))['img'] is not given for _ in range(200)]
    assert 0.25 < np.mean(changed) < 0.55


@pytest.mark.parametrize('kind', TRANSFORMS)
def test_the_same_numbers_give_the_same_image(kind):
    given = []
    for _ in range(2):
        np.random.seed(5)
        given.append(kind(prob=1.0)(dict(img=image()))['img'])
    np.testing.assert_array_equal(*given)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_gamma_is_that_power(dtype):
    given = image(dtype=dtype)
    changed = RandomGamma((0.5, 0.5), prob=1.0)(dict(img=given))['img']
    np.testing.assert_allclose(changed, 255 * (given / 255.0) ** 0.5, atol=0.5)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize('amount', [-1.0, -0.4, 1.5])
def test_sharpness_is_unsharp_masking(dtype, amount):
    given = image(dtype=dtype)
    transform = RandomSharpness((amount, amount), (1.5, 1.5), prob=1.0)
    changed = transform(dict(img=given))['img'].astype(float)
    blurred = ndimage.gaussian_filter(given.astype(float), 1.5, mode='mirror')
    expected = (given + amount * (given - blurred)).clip(0, 255)
    np.testing.assert_allclose(changed, expected, atol=3 if dtype == np.uint8 else 1)


def test_clahe_is_that_of_opencv():
    given = image((3,))
    changed = RandomCLAHE((3.0, 3.0), tiles=4, prob=1.0)(dict(img=given))['img']
    equaliser = cv2.createCLAHE(3.0, (4, 4))
    for channel in range(3):
        expected = equaliser.apply(np.ascontiguousarray(given[..., channel]))
        np.testing.assert_array_equal(changed[..., channel], expected)


@pytest.mark.parametrize(
    ('kind', 'settings', 'words'),
    [
        (RandomCLAHE, dict(clip_limit=(0.5, 2)), 'clip_limit must be'),
        (RandomCLAHE, dict(tiles=0), 'tiles must be'),
        (RandomGamma, dict(gamma=(0, 2)), 'gamma must be'),
        (RandomGamma, dict(gamma=(2, 1)), 'gamma must be'),
        (RandomSharpness, dict(amount=(-2, 1)), 'amount must be'),
        (RandomSharpness, dict(deviation=(1, 20)), 'deviation must be'),
        *((kind, dict(prob=1.5), 'prob must be') for kind in TRANSFORMS),
    ],
)
def test_ranges_that_cannot_be(kind, settings, words):
    with pytest.raises(HandboneError, match=words):
        kind(**settings)
