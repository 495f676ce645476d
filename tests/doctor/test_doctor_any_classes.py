"""Data whose images have few classes, or no place, in common get a report as well."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_records import annotated, hand, name_of, survey_of

from handbone.bones import CLASSES, FINGERS
from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image
from handbone.doctor.overview import overview

NAMES = tuple('abcdefgh')
SIZE = 128
CORNERS = np.array([(10, 10), (60, 10), (10, 60), (60, 60), (90, 90), (35, 95), (95, 30), (40, 40)])


def square(x, y, side):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def shown(name, classes, corners=CORNERS, sides=None):
    """A measured image with squares of some classes, by their indices."""
    sides = np.full(len(NAMES), 16) if sides is None else sides
    polygons = [(NAMES[index], square(*corners[index], sides[index])) for index in classes]
    return measure_image('train', annotated(name, polygons, SIZE, None, NAMES), NAMES)


def report_of(records, classes=NAMES):
    """Findings and notes; nothing on the way may be infinite or without a meaning."""
    with warnings.catch_warnings():
        warnings.simplefilter('error', RuntimeWarning)
        examined = examine(survey_of(records, classes))
        findings = run_checks(examined)
        overview(examined)
    return findings, examined.notes


def wobbling(number):
    return CORNERS + np.random.default_rng(number).uniform(-3, 3, CORNERS.shape)


def test_two_sets_of_classes_that_never_meet():
    """The larger part of the images is compared, the other one said not to be."""
    records = [
        shown(f'{n:02d}.png', range(4, 8) if n % 3 == 0 else range(4), wobbling(n))
        for n in range(60)
    ]
    moved = wobbling(7)
    moved[2, 0] += 40
    records[7] = shown('07.png', range(4), moved)
    findings, (note,) = report_of(records)
    assert ('07.png', 'c') in {(each.image, each.class_name) for each in findings}
    assert '20 of 60 images' in note


def test_the_set_of_most_images_is_compared_even_if_another_image_has_more_classes():
    records = [shown(f'{n:02d}.png', range(3, 8), wobbling(n)) for n in range(3)]
    records += [shown(f'{n:02d}.png', range(4), wobbling(n)) for n in range(3, 40)]
    _, (note,) = report_of(records)
    assert '3 of 40 images' in note


def test_wrists_and_fingers_that_nobody_labelled_together():
    fingers = frozenset(CLASSES.index(name) for name in FINGERS)
    wrist = frozenset(range(len(CLASSES))) - fingers
    records = []
    for number in range(28):
        keep, unknown = (fingers, wrist) if number % 4 else (wrist, fingers)
        polygons = [each for each in hand(number) if CLASSES.index(each[0]) in keep]
        image = annotated(name_of(number), polygons)
        object.__setattr__(image, 'unknown', unknown)
        records.append(measure_image('train', image, CLASSES))
    findings, (note,) = report_of(records, CLASSES)
    assert '7 of 28 images' in note
    assert (
        len({each.image for each in findings}) <= 7
    )  # rare poses, of which so few images have any


def test_wrists_beside_whole_hands():
    wrist = [name for name in CLASSES if name not in FINGERS]
    records = []
    for number in range(28):
        polygons = [each for each in hand(number) if number % 2 or each[0] in wrist]
        records.append(measure_image('train', annotated(name_of(number), polygons), CLASSES))
    _, notes = report_of(records, CLASSES)
    assert notes == ()


@pytest.mark.parametrize('odd', ['one centre', 'two centres', 'one point'])
def test_one_image_whose_classes_lie_on_each_other(odd):
    records = [shown(f'{n:02d}.png', range(5), wobbling(n)) for n in range(30)]
    middle = np.full((8, 2), 60)
    sides = np.full(8, 20)
    if odd == 'one centre':
        middle, sides = middle - np.arange(8)[:, None] * 5, 10 + 10 * np.arange(8)
    if odd == 'two centres':
        middle[0] = 5
    records[3] = shown('03.png', range(5), middle, sides)
    report_of(records)


def test_all_images_have_one_centre():
    sides = 10 + 10 * np.arange(8)
    corners = np.full((8, 2), 60) - np.arange(8)[:, None] * 5
    findings, (note,) = report_of([shown(f'{n}.png', range(5), corners, sides) for n in range(24)])
    assert findings == [] and 'not compared' in note


def test_equal_labels():
    findings, notes = report_of([shown(f'{n}.png', range(5)) for n in range(24)])
    assert findings == [] and notes == ()


def test_a_displaced_class_among_equal_labels():
    moved = CORNERS.copy()
    moved[2] += 12
    records = [shown(f'{n}.png', range(5), moved if n == 5 else CORNERS) for n in range(24)]
    findings, _ = report_of(records)
    assert {(each.image, each.class_name) for each in findings} == {('5.png', 'c')}


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_classes_in_any_images(data):
    """Images with random sets of classes, at random, common or coinciding places."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), 'seed'))
    share = data.draw(st.sampled_from([0.3, 0.5, 0.7, 1.0]), 'share of the classes')
    places = data.draw(st.sampled_from(['any', 'usual', 'equal', 'on a line', 'few']), 'places')
    records = []
    for number in range(data.draw(st.integers(1, 40), 'images')):
        corners = {
            'any': rng.uniform(0, 100, (8, 2)),
            'usual': CORNERS + rng.normal(0, 2, (8, 2)),
            'equal': CORNERS,
            'on a line': np.stack([12.0 * np.arange(8), np.full(8, 50)], axis=1),
            'few': rng.integers(0, 2, (8, 2)) * 50,
        }[places]
        sides = rng.integers(4, 20, 8) if rng.random() < 0.5 else np.full(8, 12)
        classes = np.flatnonzero(rng.random(8) < share)
        records.append(shown(f'{number:02d}.png', classes, corners, sides))
    report_of(records)


@example(0)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_things_at_any_place_are_not_compared(seed):
    """Photographs, whose classes are anywhere: nothing of their places is unusual."""
    rng = np.random.default_rng(seed)
    records = [
        shown(f'{n:02d}.png', rng.choice(8, 5, False), rng.uniform(0, 100, (8, 2)))
        for n in range(60)
    ]
    findings, (note,) = report_of(records)
    assert 'other places' in note
    # squares of one size may lie on each other for once
    assert {each.check for each in findings} <= {'one-outline-two-names'}
