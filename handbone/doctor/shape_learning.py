"""Learn from a dataset where classes are expected, without learning its faults."""

from collections.abc import Sequence

import numpy as np

from handbone.progress import progress_bar

from .alignment import pose_changes
from .shape_model import ShapeModel

#: A class belongs to the model if it is in this share of the images.
LEAST_SHARE = 0.5
#: Images that a model is learnt from, at least.
FEWEST_IMAGES = 20
#: Values are clipped at this many standard deviations before the first covariance is taken.
CLIPPED = 3.5
#: Distances of place and size from which a class is left out of the learning, round by round.
DOUBTED = ((6.0, 6.0), (5.0, 5.0), (4.5, 4.5))
#: Quantiles of distances, by which they are calibrated, and their values in a normal distribution,
#: for a place (two degrees of freedom) and for a size (one).
QUANTILES = (0.5, 0.9)
PLACE_QUANTILES, SIZE_QUANTILES = (1.1774, 2.1460), (0.6745, 1.6449)
#: However narrow a distribution looks, distances are divided by this at least.
LEAST_CALIBRATION = 0.4
#: Variance of its own that each feature has at least, whatever the others are.
LEAST_VARIANCE = 1e-6
#: Standard deviation of shift, scale (its logarithm) and turn of an image, in units of the mean
#: shape and radians: so much more than classes vary that only the other classes tell the pose.
POSE_DEVIATION = 1.0


def learn_shape(features: np.ndarray, whole: np.ndarray) -> ShapeModel | None:
    """Learn a model.

    Medians, deviations and a covariance of clipped values are moved little by faults. Then, round
    by round, what the model doubts is replaced by what it expects, and the covariance taken again.

    A class takes part in the alignment of its own image, the more so the fewer classes there are,
    and an unusual one less than others. So the pose that the alignment found tells nothing: in the
    model, images are free to move, scale and turn, and a class is compared with the pose that the
    others have.

    Args:
        features: (N, C, 3) aligned features with NaN.
        whole: (N, C) bool, the classes to learn from.

    Returns:
        The model; None if there are too few images, or too few classes that most of them have.
    """
    rows = whole.any(axis=1)
    features, seen = np.where(whole[..., None], features, np.nan)[rows], whole[rows]
    if len(features) < FEWEST_IMAGES:
        return None
    modelled = seen.mean(axis=0) >= LEAST_SHARE
    if modelled.sum() < 3:
        return None
    centre, spread = np.full((2, *features.shape[1:]), np.nan)
    centre[modelled] = np.nanmedian(features[:, modelled], axis=0)
    deviations = np.abs(features[:, modelled] - centre[modelled])
    spread[modelled] = np.maximum(1.4826 * np.nanmedian(deviations, axis=0), 1e-3)
    values = (features - centre) / spread
    filled = np.clip(np.nan_to_num(values), -CLIPPED, CLIPPED)
    believed = seen & modelled
    model = _fitted(centre, spread, filled, values, believed)
    total = len(DOUBTED) * len(values)
    with progress_bar(description='Learning places', total=total) as learnt:
        for limits in DOUBTED:
            believed = np.zeros_like(seen)
            for row, (each, there) in enumerate(zip(values, seen, strict=True)):
                believed[row] = model.believed(each, there, np.array(limits))
                filled[row] = _filled(model, each, believed[row])
                learnt.update()
            model = _fitted(centre, spread, filled, values, believed)
    return model


def _filled(model: ShapeModel, values: np.ndarray, believed: np.ndarray) -> np.ndarray:
    """Values (C, 3) with what is expected in the place of what is doubted or not there."""
    if not believed.any():
        return np.zeros_like(values)
    expected = model.expect(values, believed).expected
    return np.nan_to_num(np.where(believed[:, None], values, expected))


def _fitted(
    centre: np.ndarray,
    spread: np.ndarray,
    filled: np.ndarray,
    values: np.ndarray,
    believed: np.ndarray,
) -> ShapeModel:
    """Take the covariance of filled values (N, C, 3), and calibrate distances on those believed."""
    from sklearn.covariance import LedoitWolf

    modelled = np.isfinite(centre).all(axis=1)
    classes = len(centre)
    covariance = np.zeros((3 * classes, 3 * classes))
    columns = (np.flatnonzero(modelled)[:, None] * 3 + np.arange(3)).ravel()
    fit = LedoitWolf(assume_centered=True).fit(filled[:, modelled].reshape(len(filled), -1))
    poses = POSE_DEVIATION * (pose_changes(centre) / spread[..., None]).reshape(-1, 4)[columns]
    own = LEAST_VARIANCE * np.eye(len(columns))
    covariance[np.ix_(columns, columns)] = fit.covariance_ + own + poses @ poses.T
    model = ShapeModel(centre, spread, covariance, np.ones((classes, 2)))
    found = np.stack(
        [
            np.where(known[:, None], model.distances(model.expect(each, known)), np.nan)
            for each, known in zip(values, believed, strict=True)
            if known.any()
        ]
    )
    for kind, normal in enumerate((PLACE_QUANTILES, SIZE_QUANTILES)):
        model.calibration[modelled, kind] = calibrate(found[:, modelled, kind], normal)
    return model


def calibrate(distances: np.ndarray, normal: Sequence[float]) -> np.ndarray:
    """Find by how much distances exceed those of a normal distribution.

    Args:
        distances: (N, C), in standard deviations, NaN for what is not known.
        normal: Their :data:`QUANTILES` in a normal distribution.

    Returns:
        (C,), what they are to be divided by.
    """
    quantiles = np.nanquantile(distances, QUANTILES, axis=0)
    ratios = quantiles / np.array(normal)[:, None]
    found: np.ndarray = np.maximum(ratios.max(axis=0), LEAST_CALIBRATION)
    return found
