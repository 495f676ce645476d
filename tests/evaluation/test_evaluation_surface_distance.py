"""Surface distances against MONAI and against every pair of pixels."""

from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.metrics import (
    compute_average_surface_distance,
    compute_hausdorff_distance,
    compute_surface_dice,
)

from handbone.evaluation import (
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_distance,
    surface_distances,
)
from handbone.masks import pack

TOLERANCE = 1.5
SPACINGS = ((1.0, 1.0), (0.15, 0.15), (0.2, 0.5))
#: Specks are measured by a distance transform, outlines by a search tree: one, both, the other.
PIXELS_PER_SEARCH = (0, 10, 10**6)


def random_masks(seed, size):
    """Blobs and specks of three classes, some at the frame, some empty."""
    generator = np.random.default_rng(seed)
    masks = np.zeros((3, *size), bool)
    for mask in masks:
        for _ in range(generator.integers(0, 4)):
            top, left = generator.integers(0, size)
            height, width = generator.integers(1, 9, 2)
            mask[top : top + height, left : left + width] = True
    masks[generator.integers(3)] |= generator.random(size) < generator.choice([0, 0.02, 0.4])
    return masks


def monai_scores(prediction, truth, spacing):
    pair = [torch.from_numpy(masks)[None] for masks in (prediction, truth)]
    settings = dict(include_background=True, spacing=spacing)
    return (
        compute_hausdorff_distance(*pair, percentile=95, **settings)[0].numpy(),
        compute_average_surface_distance(*pair, symmetric=True, **settings)[0].numpy(),
        compute_surface_dice(*pair, [TOLERANCE * spacing[0]] * 3, **settings)[0].numpy(),
    )


def our_scores(prediction, truth, spacing):
    found = list(surface_distances(pack(prediction), pack(truth), 3, spacing))
    return (
        np.array([hausdorff_distance(each) for each in found]),
        np.array([average_surface_distance(each) for each in found]),
        np.array([surface_dice(each, TOLERANCE * spacing[0]) for each in found]),
    )


@given(
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.sampled_from(SPACINGS),
    st.sampled_from(PIXELS_PER_SEARCH),
)
@settings(deadline=None, max_examples=40)
def test_monai_agrees(seed, size, spacing, pixels_per_search):
    prediction, truth = random_masks(seed, size), random_masks(seed + 1, size)
    with mock.patch.object(surface_distance, 'PIXELS_PER_SEARCH', pixels_per_search):
        ours = our_scores(prediction, truth, spacing)
    both = (prediction.any(axis=(1, 2)) & truth.any(axis=(1, 2))).nonzero()
    for score, expected in zip(ours, monai_scores(prediction, truth, spacing), strict=True):
        np.testing.assert_allclose(score[both], expected[both], rtol=1e-5, atol=1e-6)


@given(st.integers(0, 2**32), st.sampled_from(SPACINGS), st.sampled_from(PIXELS_PER_SEARCH))
@settings(deadline=None, max_examples=30)
def test_distances_are_those_to_the_nearest_pixel(seed, spacing, pixels_per_search):
    prediction, truth = random_masks(seed, (20, 17)), random_masks(seed + 1, (20, 17))
    with mock.patch.object(surface_distance, 'PIXELS_PER_SEARCH', pixels_per_search):
        found = list(surface_distances(pack(prediction), pack(truth), 3, spacing))
    surfaces = zip(
        *(surface_distance.surface_pixels(pack(masks), 3) for masks in (prediction, truth)),
        strict=True,
    )
    for distances, (predicted, true) in zip(found, surfaces, strict=True):
        offsets = (predicted[:, None] - true[None]) * spacing
        apart = np.sqrt((offsets**2).sum(axis=2))
        np.testing.assert_allclose(distances.to_reference, apart.min(axis=1, initial=np.inf))
        np.testing.assert_allclose(distances.to_prediction, apart.min(axis=0, initial=np.inf))


def test_empty_masks():
    empty, full = np.zeros((1, 6, 6), bool), np.ones((1, 6, 6), bool)
    for prediction, truth, distance, share in (
        (empty, empty, 0, 1),
        (full, empty, np.inf, 0),
        (empty, full, np.inf, 0),
        (full, full, 0, 1),
    ):
        (found,) = surface_distances(pack(prediction), pack(truth), 1)
        assert hausdorff_distance(found) == distance
        assert average_surface_distance(found) == distance
        assert surface_dice(found, 2) == share


def test_a_distance_at_the_tolerance_is_within_it():
    masks = np.zeros((2, 1, 9, 9), bool)
    masks[0, 0, 1, 1] = masks[1, 0, 4, 5] = True  # 3 and 4 pixels apart, so 5
    for spacing in (1.0, 0.15, 0.1, 0.7):
        (found,) = surface_distances(pack(masks[0]), pack(masks[1]), 1, (spacing, spacing))
        assert surface_dice(found, 5 * spacing) == 1
        assert surface_dice(found, 4.999 * spacing) == 0


def test_ignored_pixels_belong_to_neither():
    truth, prediction = np.zeros((1, 9, 9), bool), np.zeros((1, 9, 9), bool)
    truth[0, 2:5, 2:5] = prediction[0, 2:5, 2:9] = True
    ignore = np.zeros((9, 9), bool)
    ignore[:, 5:] = True
    (found,) = surface_distances(pack(prediction), pack(truth, ignore), 1)
    assert hausdorff_distance(found) == 0


def test_maps_that_cannot_be_compared():
    map_ = pack(np.ones((1, 4, 4), bool))
    with pytest.raises(ValueError, match='differ in shape'):
        list(surface_distances(map_, map_[:2], 1))
    with pytest.raises(ValueError, match='above 0'):
        list(surface_distances(map_, map_, 1, (1.0, 0.0)))
