"""The locator of a cascade looks closer where few classes agree on the region."""

import numpy as np
import pytest
import torch
from striped_object import (
    PARTS,
    build_cascade,
    dice_of,
    object_image,
    object_matrix,
    object_polygons,
    predict,
    view_error,
)

from handbone.errors import HandboneError
from handbone.masks import planes_last
from handbone.regions import Found

SHORT_SIGHTED = dict(locator=dict(type='ShortSightedSegmentor', stride=2))


@pytest.mark.parametrize('size', [(480, 640), (640, 300), (330, 640)])
@pytest.mark.parametrize('place', [(0.12, 0.15), (0.5, 0.5), (0.85, 0.4), (0.3, 0.87)])
def test_an_object_that_is_too_small_is_found_at_a_closer_look(place, size):
    """Beside one that is large enough, in the same batch."""
    middle = np.array(place) * size[::-1]
    small = object_matrix(0.6, 30, middle, mirrored=True)
    image, packed = object_image(object_polygons(small), size)
    large, of_large = object_image(object_polygons(object_matrix(0.2, 90, (150, 150))), size)
    model = build_cascade(look_closer_below=3, **SHORT_SIGHTED)
    samples = predict(model, large, image)
    for sample, expected in zip(samples, (of_large, packed), strict=True):
        assert sample.region_found
        assert (dice_of(planes_last(sample.pred_sem_seg.data), expected) > 0.96).all()
    assert view_error(samples[1], small, (192, 192)) < 4
    looks = [batch for batch, *_ in model.locator.sizes]
    windows = 3 if min(size) <= max(size) / 2 else 9
    assert looks == [2, *([3] if windows == 3 else [4, 4, 1])]
    (alone,) = predict(build_cascade(**SHORT_SIGHTED), image)
    assert not alone.region_found


@pytest.mark.parametrize('angle', [0.3, 1.9, 3.1, -1.2])
def test_the_windows_in_which_most_classes_agree_are_seen_in_four_positions(angle):
    small = object_matrix(angle, 30, (480, 130), mirrored=True)
    image, packed = object_image(object_polygons(small), (640, 640))
    model = build_cascade(look_closer_below=3, quarter_turns=True, **SHORT_SIGHTED)
    (sample,) = predict(model, image)
    assert sample.region_found
    assert (dice_of(planes_last(sample.pred_sem_seg.data), packed) > 0.96).all()
    assert [batch for batch, *_ in model.locator.sizes] == [4, 4, 4, 1, 4, 4]


def test_a_closer_look_that_finds_less_changes_nothing():
    """An object as large as the image is in no window as a whole."""
    matrix = object_matrix(0.2, 110, (140, 140))
    image, _ = object_image(object_polygons(matrix, [0, 1, 2, 4, 5]), (280, 280))
    (plain,) = predict(build_cascade(), image)
    model = build_cascade(look_closer_below=6)
    (sample,) = predict(model, image)
    # the image and its nine windows
    assert [batch for batch, *_ in model.locator.sizes] == [1, 4, 4, 1]
    assert torch.equal(plain.pred_sem_seg.data, sample.pred_sem_seg.data)


def test_a_closer_look_needs_blocks_that_can_be_halved():
    with pytest.raises(HandboneError, match='look_closer_below needs an even number for shrink'):
        build_cascade(shrink=3, look_closer_below=5)


class ForeseenRegion:
    """Says what it was told to say: of the whole image, then of its windows."""

    num_classes, size = len(PARTS), (192, 192)

    def __init__(self, whole, windows):
        self.fits = {len(whole): whole, len(windows): windows}

    def locate(self, masses, content):
        fits = self.fits[len(masses.areas)]
        matrices = torch.eye(2, 3).repeat(len(fits), 1, 1)
        matrices[:, 0, 2] = torch.arange(len(fits))  # says which window was taken
        return Found(
            matrices,
            torch.tensor([found for _, found in fits]),
            torch.tensor([float(support) for support, _ in fits]),
        )


@pytest.mark.parametrize(
    ('whole', 'windows', 'taken'),
    [
        # 13 of 27 classes agree, which is less than half: not found
        ((7, True), [(13, False)], (7, True, 0)),
        ((2, False), [(13, False)], (2, False, 0)),
        ((7, True), [(13, False), (11, True)], (7, True, 0)),
        ((7, True), [(13, False), (12, True), (14, False)], (12, True, 1)),
        ((2, False), [(13, True), (15, True)], (15, True, 1)),
    ],
)
def test_only_a_window_in_which_the_region_is_found_replaces_what_was_found(whole, windows, taken):
    model = build_cascade(look_closer_below=8)
    model.region = ForeseenRegion([whole], windows + [(0, False)] * (9 - len(windows)))
    image, content = torch.zeros(1, len(PARTS), 256, 256), torch.tensor([256, 256])
    with torch.no_grad():
        found = model.find(model.coarse_logits(image, content), image, content, [None])
    assert (float(found.support), bool(found.found), int(found.matrices[0, 0, 2])) == taken


@pytest.mark.parametrize('quarter_turns', [False, True])
@pytest.mark.parametrize('large', [42, 80])
@pytest.mark.parametrize('swapped', [False, True])
def test_each_of_two_objects_is_looked_for_in_its_own_place(large, swapped, quarter_turns):
    """The windows of the other one, in which as many classes agree, do not count."""
    places = [(240, 240), (550, 550)]  # in four windows and in one
    matrices = [
        object_matrix(0.6, 42, places[swapped], mirrored=True),
        object_matrix(0.6, large, places[not swapped], mirrored=True),
    ]
    polygons = [part for matrix in matrices for part in object_polygons(matrix)]
    image, packed = object_image(polygons, (640, 640))
    locator = dict(type='ShortSightedSegmentor', stride=2, least=9)  # sees two parts of the smaller
    model = build_cascade(look_closer_below=3, locator=locator, quarter_turns=quarter_turns)
    (sample,) = predict(model, image)
    whole, look = ([4], [4, 4, 1, 4, 4]) if quarter_turns else ([1], [4, 4, 1])
    assert [batch for batch, *_ in model.locator.sizes] == whole + look * (1 + (large == 42))
    scores = dice_of(planes_last(sample.pred_sem_seg.data), packed)
    assert (scores > 0.995).all(), scores
