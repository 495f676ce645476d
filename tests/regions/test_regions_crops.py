"""Views sampled along rows and columns, against places in two dimensions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.regions import crops, sample_crops


def smooth(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(*shape[:2], 9, 11, generator=generator) * 255
    return F.interpolate(low, shape[2:], mode='bilinear')


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(
        st.tuples(st.floats(0.2, 3), st.floats(0.2, 3), st.floats(-40, 90), st.floats(-40, 90)),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([(96, 80), (90, 71)]),
    st.integers(1, 3),
)
def test_views_that_are_not_turned(seed, places, content, oversampling):
    matrices = np.array([[[sx, 0, x], [0, sy, y]] for sx, sy, x, y in places])
    images = smooth(seed, len(places), 2, 96, 80)
    arguments = torch.from_numpy(matrices), (24, 16), torch.tensor(content), oversampling
    found = sample_crops(images, *arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crops, '_along_axes_suffices', lambda *_: False)
        wanted = sample_crops(images, *arguments)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    torch.testing.assert_close(found, wanted, atol=0.02, rtol=0)  # grey values


@pytest.mark.parametrize('matrix', [[[1, 0.1, 5], [-0.1, 1, 5]], [[-1, 0, 60], [0, 1, 5]]])
def test_turned_and_mirrored_views_are_sampled_in_two_dimensions(matrix, monkeypatch):
    monkeypatch.setattr(crops, '_upright_crops', None)
    images, matrices = smooth(1, 1, 1, 64, 64), torch.tensor([matrix], dtype=torch.float32)
    view = sample_crops(images, matrices, (16, 16), torch.tensor([64, 64]), 1)
    x, y = (round(float(each)) for each in matrices[0] @ torch.tensor([3.0, 8.0, 1.0]))
    assert abs(view[0, 0, 8, 3] - images[0, 0, y, x]) < 25
