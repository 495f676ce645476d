"""Which classes of an image are not where the others say, and whose place they have."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .alignment import Aligned
from .shape_model import FEWEST_BELIEVED, Expectation, ShapeModel

#: Distances, in standard deviations, from which a place and a size are not believed.
UNUSUAL = np.array([7.0, 6.5])
#: A class lies where another one is expected if it is this close to it, and this share of its
#: distance from its own place.
FITTING, FITTING_SHARE = np.array([8.0, 6.5]), 0.5


@dataclass(frozen=True)
class JudgedShape:
    """What the shape model says about one image.

    Attributes:
        row: Its number in the survey.
        believed: (C,) bool, classes that agree with each other.
        expectation: What they say about all classes.
        distances: (C, 2), of place and size, in standard deviations; NaN for a class without
            features.
        renamed: By class index, the class in whose place it lies.
    """

    row: int
    believed: np.ndarray
    expectation: Expectation
    distances: np.ndarray
    renamed: dict[int, int]


def judge_shapes(model: ShapeModel, aligned: Aligned) -> Iterator[JudgedShape]:
    """Judge all images that are aligned.

    Args:
        model: The model.
        aligned: Features of the images.

    Yields:
        One judgement per image with enough classes.
    """
    for row, features in enumerate(aligned.features):
        if (aligned.whole[row] & model.modelled).sum() < FEWEST_BELIEVED:
            continue
        values = model.standardise(features)
        there = np.isfinite(values).all(axis=1)
        believed = model.believed(values, aligned.whole[row], UNUSUAL)
        expectation = model.expect(values, believed)
        distances = model.distances(expectation)
        renamed = _renamed(model, values, there, believed, expectation)
        yield JudgedShape(row, believed, expectation, distances, renamed)


def _renamed(
    model: ShapeModel,
    values: np.ndarray,
    there: np.ndarray,
    believed: np.ndarray,
    expectation: Expectation,
) -> dict[int, int]:
    """Find doubted classes that lie in the place of another doubted or missing class."""
    doubted = np.flatnonzero(there & ~believed & model.modelled)
    places = np.flatnonzero(~believed & model.modelled)
    if not len(doubted):
        return {}
    costs = np.full((len(doubted), len(places)), np.inf)
    fits = np.zeros(costs.shape, bool)
    for number, index in enumerate(doubted):
        # the same feature in the units of the other class
        raw = values[index] * model.spread[index] + model.centre[index]
        for other, place in enumerate(places):
            moved = (raw - model.centre[place]) / model.spread[place]
            found = model.plain_distances(
                (moved - expectation.expected[place])[None], expectation.covariances[place][None]
            )[0]
            found /= model.calibration[place]
            fits[number, other] = (found <= FITTING).all()
            costs[number, other] = np.hypot(*np.minimum(found, 1e3))
    chosen = zip(*linear_sum_assignment(costs), strict=True)
    own = {index: costs[number, places == index][0] for number, index in enumerate(doubted)}
    return {
        int(doubted[number]): int(places[other])
        for number, other in chosen
        if places[other] != doubted[number]
        and fits[number, other]
        and costs[number, other] < FITTING_SHARE * own[doubted[number]]
    }
