"""Closer views blended into the logits of an image, against full-size planes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.masks import (
    Patch,
    blended_blocks,
    blended_to_packed,
    logits_to_packed,
    place_logits,
    placed_to_packed,
    scaling,
    unpack,
)

SIZE = (70, 90)


def noise(seed, *shape):
    """Smooth noise, so that masks have areas."""
    generator = torch.Generator().manual_seed(seed)
    low = torch.randn(1, shape[0], 5, 6, generator=generator) * 3
    return F.interpolate(low, shape[1:], mode='bicubic')[0]


def patch_of(seed, classes, left=20.0, top=15.0, scale=0.5, edge=3.0, size=(24, 30)):
    """A view whose first pixel is centred at left, top; scale is logits per pixel."""
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return Patch(noise(seed, 4, *size), matrix, classes, edge)


def full_size(logits, matrix, patches, content=None):
    """The definition, with planes of all classes."""
    if matrix is None:
        content = content or logits.shape[1:]
        matrix = scaling(content[1] / SIZE[1], content[0] / SIZE[0])
    planes = place_logits(logits, matrix, SIZE, -np.inf, content)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for patch in patches:
        closer = place_logits(patch.logits, patch.matrix, SIZE, -np.inf)
        x, y = (row[0] * columns + row[1] * rows + row[2] for row in patch.matrix)
        height, width = patch.logits.shape[1:]
        borders = np.stack([x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y])
        weights = torch.from_numpy(np.clip(borders.min(axis=0) / max(patch.edge, 1e-6), 0, 1))
        for index in patch.classes:
            mixed = (1 - weights) * planes[index] + weights * closer[index]
            mixed = torch.where(
                (weights == 1) | (planes[index] == -np.inf), closer[index].double(), mixed
            )
            planes[index] = torch.where(weights > 0, mixed, planes[index].double()).float()
    return planes


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 2.0, 6.5]),
    st.floats(-15, 60),
    st.floats(0.2, 1.3),
    st.sampled_from([None, np.array([[0.5, 0.1, -8.0], [-0.1, 0.45, 2.0]])]),
)
def test_masks_are_those_of_planes_of_full_size(seed, edge, left, scale, matrix):
    logits = noise(seed, 4, 32, 40)
    patches = [
        patch_of(seed + 1, (1, 3), left, 10.0, scale, edge),
        patch_of(seed + 2, (3,), left + 10, 30.0, scale, edge),
    ]
    planes = full_size(logits, matrix, patches)
    packed = blended_to_packed(logits, matrix, SIZE, patches, [0.5, 0.4, 0.6, 0.5])
    limits = torch.logit(torch.tensor([0.5, 0.4, 0.6, 0.5]))[:, None, None]
    wanted = (planes > limits).numpy()
    found = unpack(packed[0].numpy(), 4)
    near = ((planes - limits).abs() < 1e-3).numpy()  # rounding
    assert ((found == wanted) | near).all()
    for block in blended_blocks(logits, matrix, SIZE, patches):
        exact = planes[block.class_index, block.rows, block.columns].numpy()
        finite = np.isfinite(exact)
        np.testing.assert_allclose(block.values[finite], exact[finite], atol=2e-3)


def test_without_patches_it_is_the_upsampling():
    logits = noise(3, 4, 32, 40)
    wanted = logits_to_packed(logits, SIZE, content=(30.5, 37))
    found = blended_to_packed(logits, None, SIZE, [], content=(30.5, 37))
    assert (found != wanted).float().mean() < 1e-3
    matrix = np.array([[0.5, 0.1, -8.0], [-0.1, 0.45, 2.0]])
    assert torch.equal(
        blended_to_packed(logits, matrix, SIZE, []), placed_to_packed(logits, matrix, SIZE)
    )


def test_the_view_alone_counts_inside_of_its_edge_and_only_for_its_classes():
    logits = torch.full((4, 35, 45), 5.0)
    patch = patch_of(0, (1,), edge=4.0)._replace(logits=torch.full((4, 24, 30), -5.0))
    found = unpack(blended_to_packed(logits, None, SIZE, [patch])[0].numpy(), 4)
    assert found[[0, 2, 3]].all()
    # the sum of both is 0 where the weight is a half, two logits or four pixels from the border
    rows, columns = np.nonzero(~found[1])
    top, left = 15 - 1 + 4, 20 - 1 + 4
    assert (rows.min(), columns.min()) == (top, left)
    assert (rows.max(), columns.max()) == (15 + 2 * 24 - 5, 20 + 2 * 30 - 5)


@pytest.mark.parametrize('exclusive', [False, True])
def test_a_class_that_only_the_view_sees_is_drawn(exclusive):
    logits = torch.full((4, 35, 45), -5.0)
    patch = patch_of(0, (2,), edge=1.0)
    patch.logits.fill_(-5.0)
    patch.logits[:, 10:14, 10:14] = 6.0
    found = blended_to_packed(logits, None, SIZE, [patch], exclusive=exclusive)[0]
    assert set(found.unique().tolist()) == {0, 4}
    assert 50 < (found == 4).sum() < 100
