"""What networks see of whole images, with padding and without."""

from types import SimpleNamespace

import pytest
import torch
from mmseg.models import SegDataPreProcessor

import handbone  # noqa: F401  registers the data preprocessors
from handbone.models.data_preprocessors.ranks import RankDataPreProcessor
from handbone.models.segmentors.network_views import shrunken

NORMALISED = SegDataPreProcessor(mean=[100.0], std=[50.0], test_cfg=dict(size_divisor=8))


@pytest.mark.parametrize('preprocessor', [NORMALISED, RankDataPreProcessor()])
@pytest.mark.parametrize('shrink', [1, 2, 3])
def test_an_image_without_padding_is_seen_as_one_with_padding(preprocessor, shrink):
    images = torch.rand(2, 1, 24, 36, generator=torch.Generator().manual_seed(0)) * 255
    content, segmentor = torch.tensor([24, 36]), SimpleNamespace(data_preprocessor=preprocessor)
    found = shrunken(segmentor, images, content, shrink)
    padded = torch.nn.functional.pad(images, (0, 2 * shrink, 0, shrink), value=77)
    wanted = shrunken(segmentor, padded, content, shrink)
    height, width = 24 // shrink, 36 // shrink
    assert found.shape == (2, 1, height, width)
    assert not wanted[:, :, height:].any() and not wanted[:, :, :, width:].any()
    torch.testing.assert_close(found, wanted[:, :, :height, :width], atol=1e-4, rtol=1e-5)
