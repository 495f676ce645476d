"""Where wild hands lie."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from handbone.bones import CLASSES
from handbone.phantom import PRESETS, generate
from handbone.phantom.wild.generator import compose_film

WILD = PRESETS['wild'].train
SIZE = 512
COUNT = 150


@cache
def films(count=COUNT):
    settings = replace(WILD, film=replace(WILD.film, two_exposures_rate=0.0))
    return [compose_film(7, index, settings, SIZE) for index in range(count)]


def test_hands_fill_a_fifth_of_the_frame_to_all_of_it():
    sides = np.array(
        [np.ptp(np.reshape(film.hand.frame.extent, (2, 2)), axis=0).max() for film in films()]
    ) / (SIZE - 1)
    assert 0.2 <= sides.min() < 0.25 and 0.95 < sides.max() <= 1.0 + 1e-9
    assert 0.15 < np.mean(sides < 0.5) < 0.4


def test_hands_on_films_with_two_exposures_fill_a_fifth_too():
    settings = replace(WILD, film=replace(WILD.film, two_exposures_rate=1.0))
    small = replace(settings, placement=replace(WILD.placement, small_rate=1.0))
    for index in range(12):
        for wanted in (settings, small):
            film = compose_film(7, index, wanted, SIZE)
            for hand in filter(None, (film.hand, film.other_hand)):
                side = np.ptp(np.reshape(hand.frame.extent, (2, 2)), axis=0).max() / (SIZE - 1)
                assert 0.2 <= side <= 0.5 + 1e-9
                assert side == pytest.approx(hand.pose.fill)


def test_hands_point_in_any_direction_and_mostly_up():
    axes = [film.hand.skeleton.bones['finger-11'].axis for film in films()]
    ends = [film.hand.frame.project(axis) for film, axis in zip(films(), axes, strict=True)]
    angles = np.degrees([np.arctan2(*(end[1] - end[0]) * (1, -1)) for end in ends])
    assert 0.65 < np.mean(np.abs(angles) < 40.0) < 0.95
    assert np.sum(np.abs(angles) > 90.0) >= 8


def test_some_hands_leave_the_frame():
    def leaves(film):
        outline = np.concatenate(
            [points for label, points in film.hand.outlines.items() if label in CLASSES[:27]]
        )
        return outline.min() < -1.0 or outline.max() > SIZE

    assert 0.04 < np.mean([leaves(film) for film in films()]) < 0.25


def test_the_end_of_the_forearm_is_never_seen():
    for film in films():
        hand = film.hand
        far = hand.frame.project(hand.skeleton.wrist[1:])
        inside = hand.windows.parts(far + [(-1, -1), (1, -1), (1, 1), (-1, 1)], SIZE)
        assert not inside


def test_images_without_a_hand_have_no_labels():
    empty = replace(WILD, placement=replace(WILD.placement, absent_rate=1.0))
    phantom = generate(0, 0, empty, 256)
    assert phantom.polygons == [] and phantom.image.shape == (256, 256)
