"""Classes that lie elsewhere in one of a patient's hands than in the other, whatever their poses.

Places themselves differ between two hands: fingers are bent and spread, wrists turned. What is
compared is how far a class lies from where the other classes of its own image let expect it. The
shape of a patient's bones is in both of these residuals and cancels out, and so does the pose as
far as the shape model knows it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .alignment import Aligned
from .judged_shape import JudgedShape
from .shape_learning import PLACE_QUANTILES, QUANTILES, calibrate
from .shape_model import Expectation, ShapeModel

#: Differences from this many calibrated standard deviations are unusual.
UNUSUAL = 6.0
#: Pairs of images from which the usual difference of a class is learnt, at least.
FEWEST_PAIRS = 10


@dataclass(frozen=True)
class SideDifference:
    """A class whose place differs between two images of a patient.

    Attributes:
        pair: Number of the pair.
        class_index: The class.
        shift: (2,), residual of the first image minus that of the second one, in units of the mean
            shape.
        distance: The same in calibrated standard deviations.
    """

    pair: int
    class_index: int
    shift: np.ndarray
    distance: float


def side_differences(
    model: ShapeModel,
    aligned: Aligned,
    pairs: Sequence[tuple[JudgedShape, JudgedShape]],
    comparable: np.ndarray,
) -> Iterator[SideDifference]:
    """Find classes whose place differs between both sides far more than in other pairs.

    An outline in the wrong place changes what is expected of its neighbours. So the class that
    differs most is left out before the others are compared again. Where one of the poses is rare,
    many classes differ; one of them then has to differ so much more.

    Args:
        model: Where classes are expected.
        aligned: Features of the images.
        pairs: The two images of each patient.
        comparable: (C,) bool, the classes that are compared.

    Yields:
        One difference per class and pair.
    """
    there = np.array([one.believed & other.believed & comparable for one, other in pairs])
    found = np.full(there.shape, np.nan)
    for number, (one, other) in enumerate(pairs):
        distances = _compared(model, one.expectation, other.expectation)[1]
        found[number, there[number]] = distances[there[number]]
    enough = there.sum(axis=0) >= FEWEST_PAIRS
    calibration = np.full(len(comparable), np.inf)
    if enough.any():
        calibration[enough] = calibrate(found[:, enough], PLACE_QUANTILES)
    for number in np.flatnonzero((found > UNUSUAL * calibration).any(axis=1)).tolist():
        values = [model.standardise(aligned.features[shape.row]) for shape in pairs[number]]
        known = [shape.believed.copy() for shape in pairs[number]]
        left = there[number] & enough
        expectations = [model.expect(*each) for each in zip(values, known, strict=True)]
        while left.sum() > 1:
            shifts, distances = _compared(model, *expectations)
            distances = np.where(left, distances / calibration, 0)
            worst = int(distances.argmax())
            for each in (*known, left):
                each[worst] = False
            expectations = [model.expect(*each) for each in zip(values, known, strict=True)]
            rest = _compared(model, *expectations)[1][left] / calibration[left]
            usual = max(1.0, np.quantile(rest, QUANTILES[1]) / PLACE_QUANTILES[1])
            if distances[worst] <= UNUSUAL * usual:
                break
            yield SideDifference(number, worst, shifts[worst], float(distances[worst] / usual))


def _compared(
    model: ShapeModel, one: Expectation, other: Expectation
) -> tuple[np.ndarray, np.ndarray]:
    """Differences of residuals, (C, 2), and their distances (C,)."""
    residuals = one.residuals - other.residuals
    distances = model.plain_distances(residuals, one.covariances + other.covariances)
    return (residuals * model.spread)[:, :2], distances[:, 0]
