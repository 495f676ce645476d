"""RandomExposure against its formula."""

import numpy as np
import pytest
from scipy import ndimage

from handbone.datasets import RandomExposure

RAMP = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
OFF = dict(gamma=(1, 1), contrast=(1, 1), brightness=(0, 0), blur=(0, 0), noise=(0, 0), prob=1.0)


def vary(image, **options):
    return RandomExposure(**OFF | options)(dict(img=image))['img']


def test_neutral_values_change_nothing():
    np.testing.assert_array_equal(vary(RAMP), RAMP)
    floating = RAMP.astype(np.float32)
    np.testing.assert_allclose(vary(floating), floating, atol=1e-4)
    np.testing.assert_array_equal(vary(RAMP, gamma=(0.2, 5.0), noise=(9, 9), prob=0.0), RAMP)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize(
    ('gamma', 'contrast', 'brightness'),
    [(0.5, 1, 0), (2.0, 1, 0), (1, 1.5, 0), (1, 1, -0.2), (0.7, 0.8, 0.1)],
)
def test_grey_values_follow_the_formula(dtype, gamma, contrast, brightness):
    image = RAMP.astype(dtype)
    varied = vary(image, gamma=(gamma,) * 2, contrast=(contrast,) * 2, brightness=(brightness,) * 2)
    shares = contrast * ((RAMP / 255.0) ** gamma - 0.5) + 0.5 + brightness
    expected = np.clip(255 * shares, 0, 255)
    assert varied.dtype == dtype
    np.testing.assert_allclose(varied, expected, atol=0.51 if dtype == np.uint8 else 1e-2)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize('deviation', [0.5, 3, 20])
def test_noise_is_normal(dtype, deviation):
    image = np.full((300, 300), 120, dtype)
    np.random.seed(0)
    noise = vary(image, noise=(deviation, deviation)).astype(float) - 120
    rounding = 1 / 12 if dtype == np.uint8 else 0
    assert abs(noise.mean()) < 0.02 * deviation + 0.01
    assert abs(noise.std() / np.hypot(deviation, rounding**0.5) - 1) < 0.03
    assert (np.abs(noise) < deviation + 0.5 * (dtype == np.uint8)).mean() > 0.66 or deviation < 1
    # Neighbours are independent.
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_noise_saturates(dtype):
    image = np.zeros((50, 50), dtype)
    image[:, 25:] = 255
    varied = vary(image, noise=(40, 40))
    assert varied.min() == 0 and varied.max() == 255
    assert (varied[:, :25] < 128).mean() > 0.99
    assert (varied[:, 25:] > 128).mean() > 0.99


def test_blur_as_scipy_does_it():
    image = np.random.default_rng(0).uniform(0, 255, (40, 50)).astype(np.float32)
    expected = ndimage.gaussian_filter(image, 1.5, mode='mirror', truncate=4)
    np.testing.assert_allclose(vary(image, blur=(1.5, 1.5)), expected, atol=0.5)
    np.testing.assert_array_equal(vary(image, blur=(0.1, 0.1)), image)


def test_labels_and_source_stay():
    image, labels = RAMP.copy(), np.arange(8 * 256, dtype=np.int32).reshape(8, 256)
    np.random.seed(0)
    results = RandomExposure(prob=1.0, noise=(5, 6))(dict(img=image, gt_seg_map=labels.copy()))
    assert (results['img'] != RAMP).any()
    np.testing.assert_array_equal(image, RAMP)
    np.testing.assert_array_equal(results['gt_seg_map'], labels)


def test_seeds_and_probability():
    varied = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        varied.append(RandomExposure(prob=1.0)(dict(img=RAMP))['img'])
    np.testing.assert_array_equal(varied[0], varied[1])
    assert (varied[0] != varied[2]).any()
    transform = RandomExposure(**OFF | dict(brightness=(0.1, 0.2), prob=0.3))
    changed = [(transform(dict(img=RAMP))['img'] != RAMP).any() for _ in range(1000)]
    assert 0.25 < np.mean(changed) < 0.35


def test_colour_images():
    color = np.stack([RAMP] * 3, axis=-1)
    assert vary(color, gamma=(0.5, 0.5), blur=(1, 1), noise=(3, 3)).shape == color.shape


@pytest.mark.parametrize(
    'options',
    [
        dict(gamma=(0, 1)),
        dict(contrast=(2, 1)),
        dict(noise=(-1, 1)),
        dict(blur=(2, 1)),
        dict(prob=2),
    ],
)
def test_unusable_options(options):
    with pytest.raises(ValueError, match='gamma|contrast|noise|blur|prob'):
        RandomExposure(**options)
