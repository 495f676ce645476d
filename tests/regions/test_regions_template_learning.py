"""A template from images of one shape in many places."""

import math

import numpy as np
import pytest

from handbone.errors import HandboneError
from handbone.regions import Outlined, learn_template

SHAPE = np.array([[0, 0], [4, 1], [3, 6], [-2, 5], [1, 3], [-3, 1], [2, -4.0]])


def images_of(count, spread, mirrored=(), missing=0.1, seed=0):
    """Shapes with noise, turned by up to ``spread`` to either side; the last point wanders.

    Of three images in turn, those that ``mirrored`` counts are mirrored.
    """
    generator = np.random.default_rng(seed)
    images = []
    for number in range(count):
        angle = generator.uniform(-spread, spread)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        shape = SHAPE + generator.normal(scale=0.03, size=SHAPE.shape)
        shape[-1] += generator.normal(scale=1.5, size=2)
        if number % 3 in mirrored:
            shape = shape * [-1, 1]
        points = shape @ turn.T * math.exp(generator.uniform(-1, 3)) + generator.uniform(0, 500, 2)
        shown = points.copy()
        shown[generator.random(len(points)) < missing] = np.nan
        images.append(Outlined(shown, points))
    return images


@pytest.mark.parametrize('mirrored', [(), (0,), (1,), (0, 1), (1, 2)])
def test_the_mean_shape_upright_and_within_the_margin(mirrored):
    images = images_of(40, 0.8, mirrored, missing=0.0)  # so the first one begins the mean
    template = learn_template(images, mirror=bool(mirrored), margin=0.1)
    assert template[-1] is None
    places = np.array(template[:-1])
    # a scale and a shift lead from the shape to the template, and hardly a rotation
    side = [-1, 1] if len(mirrored) > 1 else [1, 1]  # that of most images
    shape = SHAPE[:-1] * side
    source, target = shape - shape.mean(0), places - places.mean(0)
    scale = (source * target).sum() / (source**2).sum()
    assert scale > 0
    assert np.abs(target - scale * source).max() < 0.15 * scale * np.abs(source).max()
    assert places.min() > 0.05 and places.max() < 0.95


def test_the_shape_of_the_view_is_used():
    images = images_of(20, 0.3)
    square, wide = (np.array(learn_template(images, size)[:-1]) for size in ((1, 1), (2, 1)))
    # the same scale where the height limits it
    np.testing.assert_allclose(np.ptp(square[:, 1]), np.ptp(wide[:, 1]), atol=0.01)
    np.testing.assert_allclose(np.ptp(square[:, 0]), 2 * np.ptp(wide[:, 0]), atol=0.01)


def test_a_rare_class_has_no_place():
    images = images_of(30, 0.5, missing=0.0)
    for image in images[:20]:
        image.centroids[2] = np.nan
    template = learn_template(images)
    assert template[2] is None and template[3] is not None


@pytest.mark.parametrize('shown', [0, 2])
def test_too_few_classes_are_refused(shown):
    centroids = np.full((5, 2), np.nan)
    centroids[:shown] = np.arange(2 * shown).reshape(-1, 2)
    with pytest.raises(HandboneError, match='at least three classes'):
        learn_template([Outlined(centroids, np.zeros((3, 2)))])
