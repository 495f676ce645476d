"""Where few classes say how an image lies, none of them is judged by what it says itself."""

import numpy as np
import pytest

from handbone.doctor.alignment import align_shapes, pose_changes
from handbone.doctor.shape_learning import learn_shape
from handbone.regions.template_learning import mean_shape

#: Places of five classes, of which the first varies most, as a heart does between lungs.
PLACES = np.array([(0, 40), (-60, -30), (-70, 20), (60, -30), (70, 20)], float)
SPREADS = np.array([9.0, 3, 4, 3, 4])


@pytest.fixture(scope='module')
def features():
    rng = np.random.default_rng(0)
    places = PLACES + rng.normal(size=(300, 5, 2)) * SPREADS[:, None]
    areas = 900 * np.exp(rng.normal(0, 0.1, (300, 5)))
    turns = np.exp(rng.normal(0, 0.1, 300) + 1j * rng.normal(0, 0.2, 300))
    moved = (places[..., 0] + 1j * places[..., 1]) * turns[:, None] + 500
    centres = np.stack([moved.real, moved.imag], axis=-1)
    areas *= np.abs(turns[:, None]) ** 2
    return align_shapes(mean_shape(centres, mirror=True), centres, areas)[0]


@pytest.fixture(scope='module')
def model(features):
    return learn_shape(features, np.ones(features.shape[:2], bool))


def distances_of(model, features):
    known = np.ones(features.shape[1], bool)
    return np.stack([model.distances(model.expect(model.standardise(f), known)) for f in features])


def test_distances_are_those_of_a_normal_distribution(model, features):
    """Nothing in these images is wrong, so none of them lies seven deviations off."""
    places, sizes = np.moveaxis(distances_of(model, features), 2, 0)
    # 98 % of two normal variables are within 2.80, and of one within 2.33
    np.testing.assert_allclose(np.quantile(places, 0.98, axis=0), 2.80, rtol=0.2)
    np.testing.assert_allclose(np.quantile(sizes, 0.98, axis=0), 2.33, rtol=0.2)
    assert places.max() < 5


def test_the_pose_that_the_alignment_found_tells_nothing(model, features):
    moved = features + pose_changes(model.centre) @ np.array([0.1, -0.2, 0.05, 0.1])
    former, later = distances_of(model, features), distances_of(model, moved)
    np.testing.assert_allclose(later, former, rtol=0.02, atol=0.05)


def test_pose_changes_are_derivatives_of_a_similarity(features):
    shape, step = features[0], 1e-6
    x, y, area = shape.T
    changed = [
        (x + step, y, area),
        (x, y + step, area),
        (x * np.exp(step), y * np.exp(step), area + 2 * step),
        (x * np.cos(step) - y * np.sin(step), x * np.sin(step) + y * np.cos(step), area),
    ]
    wanted = [(np.stack(each, axis=1) - shape) / step for each in changed]
    np.testing.assert_allclose(pose_changes(shape), np.stack(wanted, axis=2), atol=1e-4)


def test_a_displaced_class_is_doubted_and_the_others_are_not(model, features):
    moved = features[7].copy()
    moved[1, :2] += 1.0
    believed = model.believed(model.standardise(moved), np.ones(5, bool), np.array([7.0, 6.5]))
    assert believed.tolist() == [True, False, True, True, True]
