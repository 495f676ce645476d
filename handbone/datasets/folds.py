"""Cross-validation folds that keep all images of a patient together."""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError


def in_fold(patients: Sequence[str], fold: int, num_folds: int) -> np.ndarray:
    """Tell which images belong to one fold.

    The folds have about the same number of images and depend only on the given patients: the same
    list gives the same folds on every machine.

    Args:
        patients: The patient of each image.
        fold: Number of the fold, 0 to ``num_folds`` - 1.
        num_folds: Number of folds, at least 2.

    Returns:
        (n,) bool, True for the images of the fold (its validation images).

    Raises:
        HandboneError: The numbers do not fit each other or there are fewer patients than folds.

    >>> in_fold(['ID1', 'ID1', 'ID2'], fold=0, num_folds=2).tolist()
    [True, True, False]
    """
    if num_folds < 2 or not 0 <= fold < num_folds:
        raise HandboneError(f'fold {fold} of {num_folds} does not exist')
    num_patients = len(set(patients))
    if num_patients < num_folds:
        raise HandboneError(f'{num_patients} patients cannot be divided into {num_folds} folds')
    from sklearn.model_selection import GroupKFold  # slow to import

    splits = GroupKFold(num_folds).split(patients, groups=patients)
    chosen = np.zeros(len(patients), dtype=bool)
    chosen[list(splits)[fold][1]] = True
    return chosen
