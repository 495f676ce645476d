"""Classes that are doubted, and those in the place of others, given what is expected of them."""

import numpy as np

from handbone.doctor.renaming import renamed_classes
from handbone.doctor.shape_model import ShapeModel


def model(centres, spreads):
    """Classes that tell nothing about each other: each is expected at its centre."""
    count = len(centres)
    features = np.column_stack([centres, np.zeros(count)])
    spread = np.repeat(np.array(spreads, float)[:, None], 3, axis=1)
    return ShapeModel(features, spread, np.eye(3 * count), np.ones((count, 2)))


def renamed(shape, places, doubted):
    values = shape.standardise(np.column_stack([places, np.zeros(len(places))]))
    believed = ~np.isin(np.arange(len(places)), doubted)
    return renamed_classes(shape, values, believed, shape.expect(values, believed))


CENTRES = [(0, 0), (30, 0), (0, 40), (30, 40)]


def test_two_classes_in_the_place_of_each_other():
    shape = model(CENTRES, [1, 1, 1, 1])
    assert renamed(shape, [(30, 0), (0, 0), *CENTRES[2:]], [0, 1]) == {0: 1, 1: 0}
    assert renamed(shape, CENTRES, [0, 1]) == {}
    assert renamed(shape, [(15, 20), *CENTRES[1:]], [0]) == {}


def test_one_of_two_exchanged_classes_was_believed():
    """The place of the second varies so much that the first one's is not contradicted."""
    shape = model(CENTRES, [1, 6, 1, 1])
    assert renamed(shape, [(30, 0), (0, 0), *CENTRES[2:]], [0]) == {0: 1, 1: 0}


def test_one_of_two_exchanged_classes_fits_better_than_before_but_not_well():
    shape = model(CENTRES, [1, 1, 1, 1])
    assert renamed(shape, [(30, 0), (0, 10), *CENTRES[2:]], [0, 1]) == {0: 1, 1: 0}
    # so far away it is out of place itself
    assert renamed(shape, [(30, 0), (0, 90), *CENTRES[2:]], [0, 1]) == {0: 1}


def test_a_class_is_believed_again_once_those_that_contradict_it_are_doubted():
    """Three classes move together: where two are displaced, the third one looks worst."""
    shared, together = np.ones(8), np.array([1, 1, 1, 0, 0, 0, 0, 0])
    noise = np.array([0.05, 0.1, 0.1, *[0.3] * 5])
    covariance = np.outer(shared, shared) + 0.1 * np.outer(together, together) + np.diag(noise**2)
    shape = ShapeModel(
        np.zeros((8, 3)), np.ones((8, 3)), np.kron(covariance, np.eye(3)), np.ones((8, 2))
    )
    there, limits = np.ones(8, bool), np.array([5.0, 5.0])
    values = np.zeros((8, 3))
    values[1], values[2] = 3, 2
    distances = shape.distances(shape.expect(values, there)).max(axis=1)
    assert distances.argmax() == 0
    assert shape.believed(values, there, limits).tolist() == [True, False, False, *[True] * 5]


def test_less_than_half_of_the_classes_is_doubted():
    """However many of them lie elsewhere, and none is expected from the others."""
    for count, most in ((4, 1), (5, 2), (8, 3), (10, 4), (29, 11)):
        shape = model([(30 * index, 0) for index in range(count)], [1] * count)
        values = np.zeros((count, 3))
        values[:, 0] = np.linspace(10, 20, count)
        believed = shape.believed(values, np.ones(count, bool), np.array([5.0, 5.0]))
        assert believed.tolist() == [index < count - most for index in range(count)]
