"""Means over blocks are those of average pooling."""

import pytest
import torch
import torch.nn.functional as F

from handbone.regions.block_means import block_means


@pytest.mark.parametrize('size', [(12, 24), (13, 22)])
@pytest.mark.parametrize('side', [1, 2, 3, 4])
def test_means_of_blocks(side, size):
    images = torch.randn((2, 3, *size), generator=torch.Generator().manual_seed(side))
    before = images.clone()
    wanted = F.avg_pool2d(images, side, ceil_mode=True)
    torch.testing.assert_close(block_means(images, side), wanted)
    assert torch.equal(images, before)
