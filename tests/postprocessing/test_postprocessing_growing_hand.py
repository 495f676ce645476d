"""Hands of all ages: a child's epiphyses and carpals are no fault, and faults are found in them."""

from dataclasses import replace

import numpy as np
import pytest
from made_hands import BIT, beside, clear, labels_of, swap

from handbone.bones import CARPALS, CLASSES, RAYS
from handbone.masks import class_mask
from handbone.phantom import PRESETS
from handbone.postprocessing import check_hand
from handbone.postprocessing.bone_shapes import bone_shapes, measure_shape
from handbone.postprocessing.growing_hand import OSSIFICATION, is_growing

#: Wild hands that are whole, and one on each film: nothing is wrong with them.
_WILD = PRESETS['wild'].test
SOUND = replace(
    _WILD,
    film=replace(_WILD.film, two_exposures_rate=0.0, cut_rate=0.0, sheet_rate=0.0),
    placement=replace(_WILD.placement, outside_rate=0.0),
    disease=replace(_WILD.disease, missing_rate=0.0),
)
#: More of them are children than in archives.
YOUNG = replace(SOUND, growth=replace(SOUND.growth, infant_rate=0.3, child_rate=0.5))
#: Between the first epiphyses and the last carpal.
CHILDREN = replace(
    SOUND,
    growth=replace(
        SOUND.growth, infant_rate=0.0, child_rate=1.0, child_age=(6.0, 8.5), bone_age=0.0
    ),
    placement=replace(SOUND.placement, small_rate=0.0, oblique_rate=0.0),
)


@pytest.fixture(scope='module')
def children():
    return [labels_of(CHILDREN, 21, index) for index in range(0, 24, 2)]


@pytest.mark.parametrize('seed', [31, 32, 33])
def test_sound_hands_of_all_ages(seed):
    hands = [labels_of(YOUNG, seed, index) for index in range(0, 68, 2)]
    flagged = [flags for flags in map(check_hand, hands) if flags]
    assert len(flagged) <= 1, flagged


def test_children_have_epiphyses_and_lack_carpals(children):
    """What these hands are: without the allowance for them, all would be flagged."""
    for labels in children:
        bones = dict(bone_shapes(labels, CLASSES))
        assert sum(len(bone.pieces) > len(bone.places) for bone in bones.values()) >= 3
        assert 'Capitate' in bones and 'Pisiform' not in bones
        assert is_growing(bones)
        assert check_hand(labels) == ()


def test_what_a_child_lacks_besides_is_flagged(children):
    """The sentence about its age comes last, and names other bones."""
    for labels in children:
        for name in ('finger-9', 'Capitate', 'Triquetrum', 'Ulna'):
            first, *_, last = check_hand(clear(labels, name))
            assert first == f'missing: {name}'
            assert last.startswith('the carpals are those of a growing hand (not ossified: ')
            assert 'Pisiform' in last and name not in last


def test_carpals_are_missing_in_their_order(children):
    """A younger child lacks these as well."""
    for labels in children:
        for names in (('Trapezoid',), ('Scaphoid', 'Trapezium', 'Trapezoid')):
            assert check_hand(clear(labels, *names)) == ()


def test_order_of_ossification():
    """As the phantoms have it from atlases."""
    ages = SOUND.growth
    assert sorted(name for group in OSSIFICATION for name in group) == sorted(CARPALS)
    for early, late in zip(OSSIFICATION, OSSIFICATION[1:], strict=False):
        latest = max(getattr(ages, name.lower())[1] for name in early)
        assert latest <= min(getattr(ages, name.lower())[0] for name in late)


def test_a_bone_far_away_is_another_place(children):
    for labels in children:
        both = labels | class_mask(labels, BIT['finger-9']).astype(np.int32) << BIT['finger-3']
        assert 'finger-3 is in 2 separate places' in check_hand(both)


def test_a_childs_bone_drawn_twice(children):
    """Each drawing has an epiphysis of its own; of the smallest bones, two fit like one."""
    found = []
    for labels in children[:6]:
        for name in ('finger-2', 'finger-9', 'finger-18'):
            both = labels | beside(labels, name)
            if not dict(bone_shapes(both, CLASSES))[name].touches_border:
                found.append(f'{name} is drawn twice, side by side' in check_hand(both))
    assert len(found) >= 15 and np.mean(found) >= 0.9


def test_two_hands_of_children(children):
    for first, second in zip(children[::2], children[1::2], strict=True):
        (flag,) = check_hand(np.concatenate([first, second[:, ::-1]], axis=1))
        assert 'are these two hands?' in flag


@pytest.mark.parametrize('ray', RAYS)
def test_neighbours_swapped_in_children(children, ray):
    for first, second in zip(RAYS[ray], RAYS[ray][1:], strict=False):
        for labels in children[:5]:
            flags = check_hand(swap(labels, first, second))
            assert any(f'the {ray}' in flag for flag in flags), (first, second)


def test_same_bones_of_two_fingers_swapped_in_children(children):
    found = [bool(check_hand(swap(labels, 'finger-5', 'finger-9'))) for labels in children]
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize(('gap', 'places'), [(9, 1), (11, 2)])
def test_places_are_parted_by_gaps(gap, places):
    """A square of 400 pixels: parts are in one place up to half of its side, 10 pixels."""
    mask = np.zeros((20, 60), bool)
    mask[:, :20] = True
    mask[5:15, 20 + gap : 30 + gap] = True
    shape = measure_shape(mask, (100, 200), border=False)
    assert sorted(shape.pieces) == [100, 400]
    assert sorted(shape.places) == ([500] if places == 1 else [100, 400])
    middle = (400 * 9.5 + 100 * (24.5 + gap)) / 500
    expected = [[middle, 9.5]] if places == 1 else [[9.5, 9.5], [24.5 + gap, 9.5]]
    np.testing.assert_allclose(sorted(shape.place_centres.tolist()), np.add(expected, (100, 200)))
