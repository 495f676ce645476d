"""Places in two images of a patient, in made features whose distribution is known."""

import numpy as np
import pytest

from handbone.doctor.alignment import Aligned
from handbone.doctor.judged_shape import judge_shapes
from handbone.doctor.shape_learning import learn_shape
from handbone.doctor.side_differences import FEWEST_PAIRS, side_differences

#: Places of the classes: a ring.
CLASSES = 12
ANGLES = np.linspace(0, 2 * np.pi, CLASSES, endpoint=False)
PLACES = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
#: Patients differ by this, the two images of one patient by less.
OF_PATIENT, OF_IMAGE = 0.05, 0.02
PATIENTS = 60


def features_of(rng, patients=PATIENTS):
    """Features of two images per patient, one after the other."""
    persons = rng.normal(0, OF_PATIENT, (patients, CLASSES, 2)).repeat(2, axis=0)
    places = PLACES + persons + rng.normal(0, OF_IMAGE, (2 * patients, CLASSES, 2))
    areas = rng.normal(-2, 0.05, (2 * patients, CLASSES, 1))
    return np.concatenate([places, areas], axis=2)


@pytest.fixture(scope='module')
def features():
    return features_of(np.random.default_rng(0))


def differences(features, comparable=None, pairs=PATIENTS):
    whole = np.ones(features.shape[:2], bool)
    frames = np.tile(np.eye(2, 3), (len(features), 1, 1))
    ones = np.ones(len(features))
    aligned = Aligned(PLACES, features, whole, frames, ones, np.arange(len(ones)) % 2 == 1)
    model = learn_shape(features, whole)
    shapes = list(judge_shapes(model, aligned, {}))
    both = [(shapes[2 * number], shapes[2 * number + 1]) for number in range(pairs)]
    comparable = np.ones(CLASSES, bool) if comparable is None else comparable
    return list(side_differences(model, aligned, both, comparable)), shapes


def displaced(features, row, index, step):
    moved = features.copy()
    moved[row, index, :2] += step
    return moved


def test_nothing_is_found_where_nothing_is_wrong(features):
    assert differences(features)[0] == []


@pytest.mark.parametrize('row', [20, 21])
def test_a_place_that_is_usual_among_patients_but_not_between_two_images_of_one(features, row):
    step = np.array([0.24, -0.16])
    found, shapes = differences(displaced(features, row, 3, step))
    (one,) = found
    assert (one.pair, one.class_index) == (10, 3) and one.distance > 6
    # the same in both images is how the patient is
    assert shapes[row].believed[3]
    sign = 1 if row == 20 else -1
    np.testing.assert_allclose(one.shift, sign * step, atol=0.15)
    both = displaced(displaced(features, 20, 3, step), 21, 3, step)
    assert differences(both)[0] == []


def test_neighbours_of_a_displaced_class_are_not_named():
    """What is expected of them changes with it, as places of neighbours vary together."""
    rng = np.random.default_rng(0)
    persons = rng.normal(0, OF_PATIENT / np.sqrt(3), (PATIENTS, CLASSES, 2))
    persons = sum(np.roll(persons, step, axis=1) for step in (-1, 0, 1)).repeat(2, axis=0)
    places = PLACES + persons + rng.normal(0, 0.01, persons.shape)
    areas = rng.normal(-2, 0.05, (*places.shape[:2], 1))
    moved = displaced(np.concatenate([places, areas], axis=2), 8, 1, (0.15, 0))
    assert [(one.pair, one.class_index) for one in differences(moved)[0]] == [(4, 1)]


def test_two_images_that_differ_in_all_classes_are_no_finding(features):
    """Such is another pose; one class that differs far more still is."""
    rng = np.random.default_rng(1)
    posed = features.copy()
    posed[31, :, :2] += rng.normal(0, 5 * OF_IMAGE, (CLASSES, 2))
    assert [one for one in differences(posed)[0] if one.pair == 15] == []


def test_classes_that_are_not_compared_and_too_few_pairs(features):
    moved = displaced(features, 20, 3, (0.24, -0.16))
    assert differences(moved, np.arange(CLASSES) != 3)[0] == []
    assert differences(moved, pairs=FEWEST_PAIRS + 1)[0]
    assert differences(moved[: 2 * FEWEST_PAIRS + 4], pairs=FEWEST_PAIRS - 1)[0] == []
