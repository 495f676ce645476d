"""What wild hands wear and carry."""

from dataclasses import replace

import numpy as np
import pytest

from handbone.bones import CLASSES
from handbone.masks import rasterize
from handbone.phantom import PRESETS
from handbone.phantom.generator import compose
from handbone.phantom.wild.dressings import add_dressings, add_folds
from handbone.phantom.wild.things import add_things

WILD = PRESETS['wild'].train
RATES = [
    f'{name}_rate'
    for name in ('watch', 'bracelet', 'cannula', 'wires', 'screws', 'fixator', 'cast', 'splint')
]
NOTHING = replace(WILD.things, **dict.fromkeys(RATES, 0.0))
SIZE = 256


@pytest.mark.parametrize('rate', RATES)
def test_things_add_attenuation_near_the_hand(rate):
    """Nothing is taken away, and half of every object at least lies within a hand's width."""
    settings = replace(WILD, placement=replace(WILD.placement, small_rate=0.0, outside_rate=0.0))
    sizes = []
    for index in range(4):
        scene = compose(2, index, settings, SIZE)
        canvas = np.zeros((SIZE, SIZE), np.float32)
        things = replace(NOTHING, **{rate: 1.0})
        for add in (add_dressings, add_things):
            add(canvas, scene, things, np.random.default_rng(index))
        assert canvas.min() >= 0.0
        places = np.argwhere(canvas > 0.01)[:, ::-1]
        sizes.append(len(places))
        left, top, right, bottom = scene.frame.extent
        reach = 90.0 * scene.frame.pixels_per_mm
        near = (places > (left - reach, top - reach)) & (places < (right + reach, bottom + reach))
        assert len(places) == 0 or near.all(axis=1).mean() > 0.5
    assert np.median(sizes) > 20


def test_nothing_is_added_where_nothing_is_asked_for():
    scene = compose(2, 0, WILD, SIZE)
    canvas = np.zeros((SIZE, SIZE), np.float32)
    for add in (add_dressings, add_things):
        add(canvas, scene, NOTHING, np.random.default_rng(0))
    assert not canvas.any()


def test_only_infants_have_folds_of_skin():
    growth = replace(WILD.growth, folds_rate=1.0, infant_rate=1.0, child_rate=0.0)
    adults = replace(growth, infant_rate=0.0)
    for ages, expected in ((growth, True), (adults, False)):
        scene = compose(2, 0, replace(WILD, growth=ages), SIZE)
        canvas = np.zeros((SIZE, SIZE), np.float32)
        middle = int(scene.frame.project(scene.skeleton.wrist[:1])[0, 0])
        canvas[:, :middle] = 0.5
        before = canvas.copy()
        add_folds(canvas, scene, ages, np.random.default_rng(0))
        assert (canvas > before).any() == expected
        # Folds end where the hand does.
        assert not canvas[:, middle:].any()


def test_a_cast_covers_the_wrist_and_leaves_fingertips_free():
    placement = replace(WILD.placement, outside_rate=0.0, small_rate=0.0)
    adults = replace(WILD.growth, infant_rate=0.0, child_rate=0.0)
    healthy = replace(WILD.disease, missing_rate=0.0)
    settings = replace(WILD, placement=placement, growth=adults, disease=healthy)
    for index in range(4):
        scene = compose(3, index, settings, SIZE)
        canvas = np.zeros((SIZE, SIZE), np.float32)
        add_dressings(canvas, scene, replace(NOTHING, cast_rate=1.0), np.random.default_rng(0))
        outlines = {
            label: rasterize([(0, points)], SIZE, SIZE, len(CLASSES)) != 0
            for label, points in scene.outlines.items()
        }
        assert (canvas[outlines['Capitate']] > 0.0).all()
        assert (canvas[outlines['finger-8']] == 0.0).mean() > 0.9
