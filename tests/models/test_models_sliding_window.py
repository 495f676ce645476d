"""Sliding windows against a plain loop that keeps every window."""

import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.signal.windows import gaussian

from handbone.masks import planes_last
from handbone.models.segmentors.sliding_window import SlidingWindow


def network(images):
    """Five classes at a quarter of the size; every window answers differently."""
    pooled = F.avg_pool2d(images, 4)
    classes = torch.arange(1, 6).view(1, 5, 1, 1)
    return pooled.mean(dim=1, keepdim=True) * classes + images[:, :1, :1, :1]


def random_images(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def plain(images, starts, window, sigma=0.125, head=4):
    """Mean of all windows with Gaussian weights, in float64, from their definition."""
    corners = [(row, column) for row in starts[0] for column in starts[1]]
    low = [side // head for side in window]
    weight = np.outer(*(gaussian(side, sigma * side) for side in low))
    shape = [max(firsts) // head + side for firsts, side in zip(starts, low, strict=True)]
    total = np.zeros((len(images), 5, *shape))
    weights = np.zeros(shape)
    for row, column in corners:
        crop = images[:, :, row : row + window[0], column : column + window[1]]
        first = row // head, column // head
        place = tuple(slice(a, a + b) for a, b in zip(first, low, strict=True))
        total[(..., *place)] += network(crop).numpy() * weight
        weights[place] += weight
    return torch.from_numpy(total / weights).float()


@pytest.mark.parametrize(
    ('size', 'window', 'stride', 'starts'),
    [
        ((64, 96), (32, 32), (16, 32), ((0, 16, 32), (0, 32, 64))),
        ((64, 96), (32, 64), (32, 24), ((0, 32), (0, 24, 32))),
        # strides between those of the head are rounded down, 18 to 16 and 31 to 28
        ((64, 64), (32, 32), (18, 31), ((0, 16, 32), (0, 28, 32))),
        # as high as the image
        ((32, 96), (48, 48), (24, 24), ((0,), (0, 24, 48))),
    ],
)
def test_plain_loop(size, window, stride, starts):
    images = random_images(2, 3, *size)
    expected = plain(images, starts, tuple(map(min, window, size)))
    for batch in (1, 3, 100):
        found = SlidingWindow(window, stride, window_batch=batch).logits(network, images)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, network(images), atol=1e-2)


def test_width_of_the_weights():
    images = random_images(1, 3, 64, 64)
    expected = plain(images, ((0, 16, 32), (0, 16, 32)), (32, 32), sigma=0.4)
    found = SlidingWindow(32, 16, window_sigma=0.4).logits(network, images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('window', [(64, 96), (128, 128), (64, 1000)])
def test_one_window_is_the_whole(window):
    images = random_images(2, 3, 64, 96)
    assert torch.equal(SlidingWindow(window).logits(network, images), network(images))


def test_half_a_window_by_default():
    assert SlidingWindow((33, 64)).stride == (17, 32)
    assert SlidingWindow(64, 32).crop_size == (64, 64)


@pytest.mark.parametrize('size', [(70, 101), (65, 98), (33, 47)])
def test_sides_between_the_strides_of_the_head(size):
    """Logits linear in the place stay so: they cover the image, no more and no less."""
    ramps = torch.stack(torch.meshgrid(*map(torch.arange, size), indexing='ij'))[None].float()
    found = SlidingWindow(32, 16).logits(lambda images: F.avg_pool2d(images, 4), ramps)[0]
    assert tuple(found.shape[1:]) == tuple(round(side / 4) for side in size)
    for axis, side in enumerate(size):
        low = found.shape[1 + axis]
        expected = (torch.arange(low) + 0.5) * side / low - 0.5
        line = found[axis].select(1 - axis, 2)
        # at the borders there is nothing to interpolate with
        torch.testing.assert_close(line[1:-2], expected[1:-2], rtol=0, atol=1e-3)


def test_head_of_an_odd_stride():
    """Six logits for 16 pixels: windows begin every 8 pixels, where three logits end."""

    def odd(images):
        return F.interpolate(images, scale_factor=6 / 16, mode='area')

    images = random_images(1, 1, 48, 48).cumsum(dim=3)
    found = SlidingWindow(32, 20).logits(odd, images)
    assert found.shape == (1, 1, 18, 18)
    torch.testing.assert_close(found, odd(images), rtol=1e-4, atol=1e-3)


def test_coarser_logits():
    """Of a head at full resolution only block means are kept."""
    images = random_images(1, 3, 64, 96)
    window = SlidingWindow(32, 16, logit_stride=8)
    expected = F.avg_pool2d(images, 8)
    torch.testing.assert_close(window.logits(lambda crops: crops, images), expected)
    whole = SlidingWindow(96, logit_stride=8).logits(lambda crops: crops, images)
    torch.testing.assert_close(whole, expected)
    with pytest.raises(ValueError, match='logit_stride=12 does not divide'):
        SlidingWindow(32, 16, logit_stride=12).logits(lambda crops: crops, images)


@pytest.mark.parametrize('batch', [1, 4])
def test_memory_does_not_grow_with_the_windows(batch):
    """Whatever their number, at most one batch of windows and the one before are held."""
    alive, most, calls = weakref.WeakSet(), [], []

    def watched(crops):
        most.append(len(alive))
        calls.append(len(crops))
        result = network(crops)
        alive.add(result)
        return result

    for size in (64, 96):
        images = random_images(1, 3, size, size)
        SlidingWindow(32, 8, window_batch=batch).logits(watched, images)
    assert sum(calls) == 5**2 + 9**2
    assert max(calls) == batch
    assert max(most) <= 2


def test_largest_tensor(build_segmentor, make_sample, largest_tensor):
    """Nothing as large as the classes times the pixels is made."""
    settings = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    model = build_segmentor(40, test_cfg=settings)
    image, sample = make_sample(256, 256)
    with torch.no_grad(), largest_tensor:
        model.test_step(dict(inputs=[image], data_samples=[sample]))
    assert largest_tensor.elements == 3 * 256 * 256  # the image; 40 * 64 * 64 are fewer


def test_segmentor(build_segmentor, make_sample):
    """Block means and 1 x 1 weights answer the same in every window: as the whole image."""
    whole = build_segmentor()
    slides = build_segmentor(test_cfg=dict(mode='slide', crop_size=(32, 64), window_batch=2))
    for shown in ((64, 96), (50, 85)):
        image, sample = make_sample(*shown, (140, 170))
        results = []
        for model in (whole, slides):
            with torch.no_grad():
                (result,) = model.test_step(dict(inputs=[image], data_samples=[sample]))
            results.append(planes_last(result.pred_sem_seg.data).copy())
        assert (results[0] != results[1]).mean() < 1e-3
        assert (results[0] != 0).mean() > 0.1


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(), 'needs crop_size'),
        (dict(crop_size=(32,)), r'\(height, width\) in pixels'),
        (dict(crop_size=(32, 0)), r'\(height, width\) in pixels'),
        (dict(crop_size=32, stride=48), r'stride \(48, 48\) is from 1 to the crop_size \(32, 32\)'),
        (dict(crop_size=32, window_batch=0), 'window_batch and logit_stride are at least 1'),
        (dict(crop_size=32, window_sigma=0), 'window_sigma above 0'),
    ],
)
def test_bad_settings(build_segmentor, settings, message):
    with pytest.raises(ValueError, match=message):
        build_segmentor(test_cfg=dict(mode='slide', **settings))
