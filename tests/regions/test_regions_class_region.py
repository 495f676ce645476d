"""The box around some classes, from labels and from logits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handbone.errors import HandboneError
from handbone.masks import pack
from handbone.regions import ClassRegion, masses_of_labels, masses_of_logits

NAMES = ('a', 'b', 'c', 'd')


def region_of(**settings):
    return ClassRegion(**(dict(classes='ab', class_list=NAMES, size=(40, 20)) | settings))


def drawn(boxes, size=(90, 120)):
    """Rectangles (left, top, right, bottom), the borders of pixels."""
    masks = np.zeros((len(NAMES), *size), bool)
    for mask, box in zip(masks, boxes, strict=False):
        if box is not None:
            left, top, right, bottom = box
            mask[top:bottom, left:right] = True
    return masks


def located(region, masks):
    masses = masses_of_labels(pack(masks), len(NAMES))
    return region.locate(masses, torch.tensor(masks.shape[1:]))


def shown(found, size):
    """What the view shows: left, top, right and bottom border."""
    matrix = found.matrices[0].numpy()
    corners = np.array([[-0.5, -0.5], [size[0] - 0.5, size[1] - 0.5]])
    return (corners @ matrix[:, :2].T + matrix[:, 2] + 0.5).ravel()


@given(
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(4, 30),
    st.integers(4, 30),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_the_view_is_the_box_with_its_margin_in_the_middle(left, top, width, height, margin):
    boxes = [(left, top, left + width, top + height), (left + 5, top + 5, left + 9, top + 9)]
    found = located(region_of(margin=margin, min_classes=1), drawn(boxes))
    low = np.minimum(boxes[0][:2], boxes[1][:2])
    high = np.maximum(boxes[0][2:], boxes[1][2:])
    wanted = (high - low) * (1 + 2 * margin)
    scale = max(wanted[0] / 40, wanted[1] / 20)
    assert bool(found.found[0]) == (scale <= max(120 / 40, 90 / 20))
    if found.found[0]:
        middle = (low + high) / 2
        half = scale * np.array([20, 10])
        # a hundredth on each side may be left out
        slack = 0.04 * max(wanted) + 1
        np.testing.assert_allclose(
            shown(found, (40, 20)), [*(middle - half), *(middle + half)], atol=slack
        )


def test_classes_that_are_not_named_do_not_count():
    boxes = [(30, 30, 50, 40), (50, 35, 60, 50), (0, 0, 119, 89)]
    with_others, alone = (located(region_of(), drawn(each)) for each in (boxes, boxes[:2]))
    assert torch.equal(with_others.matrices, alone.matrices)


def test_specks_do_not_widen_the_box():
    masks = drawn([(30, 30, 60, 50), (55, 30, 70, 50)])
    clean = located(region_of(), masks)
    masks[0, 80, 110] = True
    np.testing.assert_allclose(located(region_of(), masks).matrices, clean.matrices, atol=0.05)


@pytest.mark.parametrize(
    ('boxes', 'settings'),
    [
        ([None, None], {}),
        ([(10, 10, 30, 30), None], dict(min_classes=2)),
        ([(0, 0, 120, 90), (0, 0, 9, 9)], dict(margin=1.0)),
    ],
)
def test_a_missing_region_shows_the_whole_image(boxes, settings):
    found = located(region_of(**settings), drawn(boxes))
    assert not found.found[0]
    left, top, right, bottom = shown(found, (40, 20))
    assert left <= 1e-4 and top <= 1e-4 and right >= 120 - 1e-4 and bottom >= 90 - 1e-4


def test_labels_and_logits_give_the_same_view():
    masks = drawn([(30, 30, 62, 50), (55, 34, 70, 58)])
    by_labels = located(region_of(), masks)
    logits = torch.from_numpy(masks * 12.0 - 6)[None]
    logits = torch.nn.functional.pad(logits, (0, 8, 0, 6), value=9.0)  # padding does not count
    half = torch.nn.functional.avg_pool2d(logits, 2)
    content = torch.tensor([90, 120])
    found = region_of().locate(masses_of_logits(half, (96, 128), content), content)
    np.testing.assert_allclose(found.matrices, by_labels.matrices, atol=1.5)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(classes=('a', 'x')), 'classes that do not exist: x; .* are a, b, c, d'),
        (dict(classes=()), 'names no class'),
        (dict(decides=('y',)), 'decides names classes that do not exist: y'),
        (dict(known_as={'a': 'z'}), 'known_as names classes that do not exist: z'),
        (dict(known_as={'a': 'b', 'c': 'b'}), 'known_as names a class twice'),
        (dict(margin=-0.1), 'margin is a share'),
        (dict(margin=5), 'margin is a share'),
        (dict(size=0), 'size of a region'),
        (dict(size=(8, 8, 8)), 'size of a region'),
        (dict(min_classes=3), 'from 1 to the 2 classes'),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(HandboneError, match=message):
        region_of(**change)
