"""Cross-validation folds that keep all images of a patient together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError, counted

from .fold_file import folds_of


class FoldNumberError(HandboneError):
    """There is no fold of this number, or there cannot be so many."""

    REMEDY = 'Change fold or num_folds, or add patients'


def in_fold(
    patients: Sequence[str], fold: int, num_folds: int, fold_file: str | Path = ''
) -> np.ndarray:
    """Tell which images belong to one fold.

    Without a CSV of folds they have about the same number of images and depend only on the given
    patients: the same list gives the same folds on every machine.

    Args:
        patients: The patient of each image.
        fold: Number of the fold, 0 to ``num_folds`` - 1.
        num_folds: Number of folds, at least 2.
        fold_file: CSV of ``handbone folds`` that names the fold of each patient; empty for none.

    Returns:
        (n,) bool, True for the images of the fold (its validation images).

    Raises:
        FoldNumberError: The numbers do not fit each other, or there are fewer patients than folds.
        HandboneError: The CSV of folds does not fit.

    >>> in_fold(['ID1', 'ID1', 'ID2'], fold=0, num_folds=2).tolist()
    [True, True, False]
    """
    if num_folds < 2 or not 0 <= fold < num_folds:
        raise FoldNumberError(f'fold {fold} of {num_folds} does not exist')
    if fold_file:
        return np.array(folds_of(fold_file, patients, num_folds)) == fold
    num_patients = len(set(patients))
    if num_patients < num_folds:
        raise FoldNumberError(
            f'{counted(num_patients, "patient")} cannot be divided into '
            f'{counted(num_folds, "fold")}'
        )
    from sklearn.model_selection import GroupKFold  # slow to import

    splits = GroupKFold(num_folds).split(patients, groups=patients)
    chosen = np.zeros(len(patients), dtype=bool)
    chosen[list(splits)[fold][1]] = True
    return chosen
