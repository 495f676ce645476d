"""Grey values by rank: what changes their order changes the input, and nothing else does."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.errors import HandboneError
from handbone.models.data_preprocessors import RankDataPreProcessor


def picture(seed=0, size=(90, 130)):
    """A smooth picture with grain, 0 to 255."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 1, 6, 8, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size, mode='bicubic').clamp(0, 1)
    return 255 * (0.9 * smooth + 0.1 * torch.rand(1, 1, *size, generator=generator))


def test_the_distribution_is_the_same_for_every_image():
    preprocessor = RankDataPreProcessor()
    for seed in range(3):
        ranks = preprocessor.normalise(picture(seed))
        assert abs(float(ranks.mean())) < 0.1 and abs(float(ranks.std()) - 1) < 0.1
        quantiles = ranks.flatten().quantile(torch.tensor([0.25, 0.5, 0.75]))
        np.testing.assert_allclose(quantiles / np.sqrt(12), [-0.25, 0, 0.25], atol=0.05)


@pytest.mark.parametrize('gamma', [0.4, 0.8, 2.5])
@pytest.mark.parametrize(('base', 'contrast'), [(0, 1), (140, 0.4), (30, 0.1)])
def test_film_base_contrast_and_gamma_have_no_effect(gamma, base, contrast):
    preprocessor, image = RankDataPreProcessor(), picture()
    other = base + contrast * 255 * (image / 255) ** gamma
    difference = preprocessor.normalise(other) - preprocessor.normalise(image)
    # within one interval between quantiles the values are spread linearly
    assert difference.abs().max() < 1.5 * np.sqrt(12) / 32
    assert difference.abs().mean() < 0.02


def test_order_is_kept_and_equal_values_stay_equal():
    image = picture()
    ranks = RankDataPreProcessor().normalise(image).flatten()
    order = image.flatten().argsort()
    assert (ranks[order].diff() >= -1e-5).all()
    flat = RankDataPreProcessor().normalise(torch.full((1, 1, 20, 20), 99.0))
    assert torch.isfinite(flat).all() and (flat == flat[0, 0, 0, 0]).all()


def test_padding_does_not_count():
    image = picture()
    padded = torch.nn.functional.pad(image, (0, 62, 0, 38), value=7.0)
    preprocessor = RankDataPreProcessor()
    found = preprocessor.normalise(padded, torch.tensor([90, 130]))[:, :, :90, :130]
    torch.testing.assert_close(found, preprocessor.normalise(image), atol=1e-3, rtol=0)


def test_a_batch_is_ranked_image_by_image_and_padded_with_zeros():
    preprocessor = MODELS.build(
        dict(type='RankDataPreProcessor', test_cfg=dict(size_divisor=64), seg_pad_val=0)
    )
    images = [picture(seed)[0].to(torch.uint8).expand(3, -1, -1) for seed in (1, 2)]
    samples = [SegDataSample(metainfo=dict(img_shape=(90, 130))) for _ in images]
    batch = preprocessor(dict(inputs=images, data_samples=samples), False)
    assert batch['inputs'].shape == (2, 3, 128, 192)
    assert batch['data_samples'][0].img_padding_size[1::2] == (62, 38)
    for image, found in zip(images, batch['inputs'], strict=True):
        assert (found[:, 90:] == 0).all() and (found[:, :, 130:] == 0).all()
        expected = preprocessor.normalise(image[None])[0]
        torch.testing.assert_close(found[:, :90, :130], expected)


@pytest.mark.parametrize('settings', [dict(ranks=1), dict(mean=[1.0], std=[2.0]), dict(pad_val=3)])
def test_settings_without_effect_are_refused(settings):
    with pytest.raises(HandboneError, match='RankDataPreProcessor'):
        RankDataPreProcessor(**settings)
