"""Classes that lie where another class is expected."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from .shape_model import Expectation, ShapeModel

#: A class lies where another one is expected if it is this close to it, in standard deviations of
#: place and size, and this share of its distance from its own place.
FITTING, FITTING_SHARE = np.array([8.0, 6.5]), 0.5


def renamed_classes(
    model: ShapeModel, values: np.ndarray, believed: np.ndarray, expectation: Expectation
) -> dict[int, int]:
    """Find doubted classes that lie in the place of another class.

    Doubted classes are assigned to the places of doubted and missing ones so that they fit best.
    One that fits none may have its name exchanged with a class that is believed wrongly: where two
    neighbours are exchanged, the other classes may contradict one of them only.

    Args:
        model: The model.
        values: (C, 3), standardised features of an image; NaN for a class that is not there.
        believed: (C,) bool, classes that agree with each other.
        expectation: What they say.

    Returns:
        By class index, the class in whose place it lies.
    """
    there = np.isfinite(values).all(axis=1)
    doubted = np.flatnonzero(there & ~believed & model.modelled).tolist()
    places = np.flatnonzero(~believed & model.modelled).tolist()
    if not doubted:
        return {}
    costs, fits = _costs(model, values, expectation, doubted, places)
    own = costs[np.arange(len(doubted)), [places.index(index) for index in doubted]]
    chosen = {}
    for number, place in zip(*linear_sum_assignment(costs), strict=True):
        better = costs[number, place] < FITTING_SHARE * own[number]
        if better and fits[number, place]:
            chosen[doubted[number]] = places[place]
    # in an unusual pose, one of two exchanged classes may fit badly, but both better than before
    for number, index in enumerate(doubted):
        others = [other for other, place in chosen.items() if place == index]
        if index not in chosen and others:
            other = doubted.index(others[0])
            exchanged = costs[number, places.index(others[0])] + costs[other, places.index(index)]
            if exchanged < FITTING_SHARE * (own[number] + own[other]):
                chosen[index] = others[0]
    for index in doubted:
        if index not in chosen and index not in chosen.values():
            chosen |= _exchanged(model, values, believed, index)
    return chosen


def _exchanged(
    model: ShapeModel, values: np.ndarray, believed: np.ndarray, index: int
) -> dict[int, int]:
    """Find the believed class that a doubted one has its name exchanged with, if there is one."""
    best, found = FITTING_SHARE, {}
    for other in np.flatnonzero(believed).tolist():
        known = believed.copy()
        known[other] = False
        pair = [index, other]
        costs, fits = _costs(model, values, model.expect(values, known), pair, pair)
        before, after = costs[0, 0] + costs[1, 1], costs[0, 1] + costs[1, 0]
        if fits[0, 1] and fits[1, 0] and after < best * before:
            best, found = after / before, {index: other, other: index}
    return found


def _costs(
    model: ShapeModel,
    values: np.ndarray,
    expectation: Expectation,
    classes: Sequence[int],
    places: Sequence[int],
) -> tuple[np.ndarray, np.ndarray]:
    """Distances of classes from places, and whether they fit there, (classes, places)."""
    raw = values[classes] * model.spread[classes] + model.centre[classes]
    # the same features in the units of each place
    moved = (raw[:, None] - model.centre[places]) / model.spread[places]
    residuals = moved - expectation.expected[places]
    covariances = np.broadcast_to(expectation.covariances[places], (*moved.shape[:2], 3, 3))
    found = model.plain_distances(residuals.reshape(-1, 3), covariances.reshape(-1, 3, 3))
    found = found.reshape(*moved.shape[:2], 2) / model.calibration[places]
    costs: np.ndarray = np.hypot(*np.moveaxis(np.nan_to_num(np.minimum(found, 1e3), nan=1e3), 2, 0))
    fits: np.ndarray = (found <= FITTING).all(axis=2)
    return costs, fits
