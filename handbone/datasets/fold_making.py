"""Balanced folds from the attributes of images."""

from collections.abc import Iterable, Sequence
from itertools import combinations, product

import numpy as np

from handbone.errors import HandboneError, counted

from .image_attributes import ImageAttributes
from .stratification import improved_folds, stratified_folds

#: Bands of the area of each class that the first dealing out tells apart.
AREA_BANDS = 3
#: What pairs of values count, relative to values themselves.
PAIR_IMPORTANCE = 0.5


def balanced_folds(
    attributes: ImageAttributes, num_folds: int, others: Sequence[str] = ()
) -> dict[str, int]:
    """Divide patients into folds that are alike in all attributes, classes and areas at once.

    The folds depend on the data alone, not on the order of the images.

    Args:
        attributes: Of all images.
        num_folds: Number of folds, at least 2.
        others: Patients without attributes, dealt out to the smallest folds.

    Returns:
        The fold of each patient, 0 to ``num_folds`` - 1, in the order of their names.

    Raises:
        HandboneError: If there are fewer patients than folds.
    """
    patients = sorted(set(attributes.patients))
    if num_folds < 2 or len(patients) < num_folds:
        raise HandboneError(
            f'{counted(len(patients), "patient")} cannot be divided into '
            f'{counted(num_folds, "fold")}: folds are at least 2, and each needs a patient. '
            'Change the number of folds, or say where the patient stands in the names of images '
            '(--patient-pattern; patient_pattern in a config)'
        )
    number_of = {name: number for number, name in enumerate(patients)}
    owner = np.array([number_of[name] for name in attributes.patients])
    sizes = np.bincount(owner, minlength=len(patients))
    values, pairs, presence, areas, known = (
        _per_patient(columns, owner)
        for columns in (
            _values(attributes),
            _pairs(attributes),
            _presence(attributes),
            (attributes.areas * attributes.known).T,
            attributes.known.T,
        )
    )
    bands = _area_bands(areas, known)
    folds = stratified_folds(np.hstack([values, pairs, presence, bands]), sizes, num_folds)
    measures = [(values, 1.0), (pairs, PAIR_IMPORTANCE), (presence, 1.0), (areas, 1.0)]
    importance = np.concatenate([np.full(each.shape[1], value) for each, value in measures])
    columns = np.hstack([each for each, _ in measures])
    folds = improved_folds(columns, importance, sizes, folds, num_folds)
    counts = np.bincount(folds, sizes, num_folds)
    of_patient = dict(zip(patients, folds.tolist(), strict=True))
    for name in sorted(others):
        of_patient[name] = int(counts.argmin())
        counts[of_patient[name]] += 1
    return dict(sorted(of_patient.items()))


def _per_patient(columns: Iterable[np.ndarray], owner: np.ndarray) -> np.ndarray:
    """Add the columns of images, (N,) each, up for each patient: float (n, L)."""
    sums = [np.bincount(owner, column) for column in columns]
    return np.stack(sums, axis=1) if sums else np.zeros((owner.max() + 1, 0))


def _values(attributes: ImageAttributes) -> list[np.ndarray]:
    """List which images have each value of each attribute, bool (N,) each."""
    return [label for labels in _by_attribute(attributes) for label in labels]


def _pairs(attributes: ImageAttributes) -> list[np.ndarray]:
    """List which images have each pair of values of two attributes, bool (N,) each."""
    return [
        first & second
        for one, other in combinations(_by_attribute(attributes), 2)
        for first, second in product(one, other)
    ]


def _by_attribute(attributes: ImageAttributes) -> list[list[np.ndarray]]:
    return [
        [np.array(values) == value for value in sorted(set(values))]
        for values in attributes.values.values()
    ]


def _presence(attributes: ImageAttributes) -> list[np.ndarray]:
    """List where each class is, or where it is missing, whichever is rarer.

    A class that is unknown in some images is neither there, and adds a column: where it is known.
    """
    known = attributes.known.T
    present, missing = known & attributes.presence.T, known & ~attributes.presence.T
    rarer = [
        without if has.sum() > without.sum() else has
        for has, without in zip(present, missing, strict=True)
    ]
    return rarer + [column for column in known if not column.all()]


def _area_bands(areas: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Count the images of each patient in each band of the mean area of each class.

    Args:
        areas: Sum of the areas over the images of each patient, (n, C).
        known: Number of these images that know the class, (n, C).

    Returns:
        (n, AREA_BANDS * C).
    """
    means = areas / np.maximum(known, 1)
    band = np.zeros(means.shape, np.int64)
    for number, column in enumerate(means.T):
        having = column[known[:, number] > 0]
        if len(having):
            limits = np.quantile(having, np.arange(1, AREA_BANDS) / AREA_BANDS)
            band[:, number] = (column > limits[:, None]).sum(axis=0)
    return np.hstack([(band == number) * known for number in range(AREA_BANDS)])
