"""Masses measured in the boxes of the classes, against those of whole maps."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.regions import masses_of_logits


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 3), st.tuples(st.integers(20, 60), st.integers(20, 80))
)
def test_masses_are_those_of_whole_maps(seed, block, content):
    generator = torch.Generator().manual_seed(seed)
    low = torch.randn(2, 4, 5, 7, generator=generator) * 3 - 3
    logits = F.interpolate(low, (60, 80), mode='bicubic')
    logits[:, 3] = -1
    size = [-(-side // block) * block for side in (60, 80)]
    found = masses_of_logits(logits, (size[0], size[1]), torch.tensor(content), block)
    coarse = F.avg_pool2d(logits, block, ceil_mode=True)
    mass = (coarse.sigmoid() * (coarse > 0)).double()
    rows, columns = ((torch.arange(length) + 0.5) * block - 0.5 for length in mass.shape[2:])
    mass *= (rows < content[0])[:, None] & (columns < content[1])
    torch.testing.assert_close(
        found.areas, (mass.sum(dim=(2, 3)) * block**2).float(), atol=1e-3, rtol=1e-5
    )
    total = mass.sum(dim=(2, 3)).clamp_min(1e-6)
    x = (mass * columns).sum(dim=(2, 3)) / total
    y = (mass * rows[:, None]).sum(dim=(2, 3)) / total
    torch.testing.assert_close(
        found.centroids, torch.stack([x, y], dim=2).float(), atol=1e-3, rtol=1e-5
    )
    assert not found.areas[:, 3].any()


@pytest.mark.parametrize('block', [1, 2])
def test_boxes_leave_a_hundredth_out_on_each_side(block):
    logits = torch.full((1, 1, 64, 64), -9.0)
    logits[:, :, 10:30, 20:60] = 9
    logits[:, :, 50, 4] = 9  # a speck
    masses = masses_of_logits(logits, (64, 64), torch.tensor([64, 64]), block)
    left, top, right, bottom = masses.boxes[0, 0].tolist()
    assert (left, top, right, bottom) == (19.5, 9.5, 59.5, 29.5)
