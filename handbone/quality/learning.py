"""Learn to predict Dice, and find out on held-out patients how well the predictions rank."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError, counted

from .features import features_of, has_mask, standardisation
from .model import LEAST_ERROR, QualityModel
from .signs import SIGNS

#: Parts that patients are divided into; each is predicted by a model of the others.
FOLDS = 5
#: Penalties on the weights, of which the best by leaving one out is taken.
PENALTIES = np.logspace(-1, 4, 11)
#: Fewest patients to learn from.
FEWEST_PATIENTS = 5


class Ranking(NamedTuple):
    """Spearman's rank correlation of predicted and true Dice on patients that were held out.

    Attributes:
        masks: Over all masks.
        within_class: Mean over the classes of that within each; what a class is usually like does
            not help.
        images: Over images, of the mean over classes.
        error: Mean distance of predicted and true Dice of a mask.
        patients: Number of patients.
        number: Number of images.
    """

    masks: float
    within_class: float
    images: float
    error: float
    patients: int
    number: int


class Learnt(NamedTuple):
    """A model and how good it is.

    Attributes:
        model: Learnt from all patients.
        ranking: What models reach that have not seen a patient.
        held_out: Their predictions, float64 (N, C).
    """

    model: QualityModel
    ranking: Ranking
    held_out: np.ndarray


def learn_quality(
    signs: np.ndarray, dice: np.ndarray, patients: Sequence[str], classes: Sequence[str]
) -> Learnt:
    """Learn the Dice of masks from their signs, by ridge regression.

    The predictions have to be of images that the network was not trained on, as those of the
    validation fold, otherwise the model learns how good it is on images that it knows.

    Args:
        signs: (N, C, len(SIGNS)).
        dice: True Dice, (N, C); NaN where a class is not known.
        patients: Patient of each image.
        classes: Names in class order.

    Returns:
        The model and its ranking.

    Raises:
        HandboneError: If there are too few patients.
    """
    from sklearn.model_selection import GroupKFold  # slow to import

    number = len(set(patients))
    if number < FEWEST_PATIENTS:
        raise HandboneError(
            f'there are {counted(number, "patient")} to learn from, and {FEWEST_PATIENTS} or more '
            'are needed: predict more images with a known truth'
        )
    held_out = np.full(dice.shape, np.nan)
    for known, new in GroupKFold(min(FOLDS, number)).split(signs, groups=patients):
        held_out[new] = _fit(signs[known], dice[known], classes).predict(signs[new])
    ranking = rank(held_out, dice, has_mask(signs), number)
    model = _fit(signs, dice, classes)
    return Learnt(replace(model, held_out=ranking._asdict()), ranking, held_out)


def rank(predicted: np.ndarray, dice: np.ndarray, there: np.ndarray, patients: int) -> Ranking:
    """Compare predicted with true Dice.

    Args:
        predicted: (N, C).
        dice: (N, C); NaN where a class is not known.
        there: Where there is a mask, bool (N, C).
        patients: Number of patients.

    Returns:
        Rank correlations; NaN where they are not defined.
    """
    known = ~np.isnan(dice)
    scored = known & there
    of_classes = [
        _spearman(predicted[scored[:, index], index], dice[scored[:, index], index])
        for index in range(dice.shape[1])
    ]
    some = known.any(axis=1)
    images = [
        np.where(known[some], values[some], 0).sum(axis=1) / known[some].sum(axis=1)
        for values in (predicted, dice)
    ]
    defined = [each for each in of_classes if not np.isnan(each)]
    return Ranking(
        _spearman(predicted[scored], dice[scored]),
        float(np.mean(defined)) if defined else float('nan'),
        _spearman(*images),
        float(np.abs(predicted - dice)[known].mean()),
        patients,
        int(some.sum()),
    )


def _fit(signs: np.ndarray, dice: np.ndarray, classes: Sequence[str]) -> QualityModel:
    from sklearn.linear_model import RidgeCV

    known, there = ~np.isnan(dice), has_mask(signs)
    learnt = known & there
    if learnt.sum() < 2:
        raise HandboneError('there are no masks to learn from: check that images and scores fit')
    centres, scales = standardisation(signs)
    features = features_of(signs, centres, scales)
    error = np.log(np.where(learnt, 1 - dice, 0) + LEAST_ERROR)
    overall = error[learnt].mean()
    # a class that is hardly ever there is taken to be like the others
    offsets = (np.where(learnt, error, 0).sum(axis=0) + overall) / (learnt.sum(axis=0) + 1)
    ridge = RidgeCV(PENALTIES, fit_intercept=False)
    ridge.fit(features[learnt], (error - offsets)[learnt])
    missing = known & ~there
    absent = (np.where(missing, dice, 0).sum(axis=0) + 0.5) / (missing.sum(axis=0) + 1)
    agreement = np.isfinite(signs[..., SIGNS.index('agreement')]) & there
    return QualityModel(
        tuple(classes), centres, scales, offsets, ridge.coef_, absent, bool(agreement.any())
    )


def _spearman(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import spearmanr

    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float('nan')
    return float(spearmanr(first, second).statistic)
