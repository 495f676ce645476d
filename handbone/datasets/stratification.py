"""Folds of whole patients in which every label is as frequent as in all of them.

Iterative stratification (Sechidis et al., ECML PKDD 2011) deals out the rarest label first, each
time to the fold that lacks it most; pairs of labels are labels too (Szymański and Kajdanowicz,
PMLR 74, 2017). Here patients are dealt out, who have labels as often as they have images. Swaps of
two patients then improve what is left, measures such as areas included.

Numbers are whole where they are compared, so that the folds are the same on every machine.
"""

import numpy as np
from tqdm import tqdm

from handbone.progress import progress_bar

#: A standard deviation of a column of measures becomes this whole number.
RESOLUTION = 64
#: What an average patient weighs for the sizes of folds, in standard deviations of other columns.
SIZE_WEIGHT = 8
#: Searches with other weights of the columns: so many for this many patients, fewer for more.
ROUNDS, ROUND_PATIENTS = 60, 500
#: Passes over all patients of a search; the last ones hardly find any swap.
PASSES = 50
#: Passes that a search usually takes, for the progress that is shown.
USUAL_PASSES = 4


def stratified_folds(labels: np.ndarray, sizes: np.ndarray, num_folds: int) -> np.ndarray:
    """Deal out patients by iterative stratification.

    Args:
        labels: How many images of each patient have each label, int (n, L).
        sizes: Images of each patient, int (n,).
        num_folds: Number of folds.

    Returns:
        The fold of each patient, int64 (n,).

    >>> stratified_folds(np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), np.ones(4, int), 2).tolist()
    [0, 1, 0, 1]
    """
    folds = np.full(len(labels), -1)
    labels, sizes = np.asarray(labels, np.int64), np.asarray(sizes, np.int64)
    # how much each fold lacks, times the number of folds, which keeps it whole
    lacking = np.tile(labels.sum(axis=0), (num_folds, 1))
    smaller = np.full(num_folds, sizes.sum())

    def deal_out(patients: np.ndarray, wanted: np.ndarray) -> None:
        for patient in patients:
            fold = np.lexsort((smaller, wanted))[::-1]
            best = fold[(wanted[fold] == wanted[fold[0]]) & (smaller[fold] == smaller[fold[0]])]
            folds[patient] = best.min()
            lacking[folds[patient]] -= num_folds * labels[patient]
            smaller[folds[patient]] -= num_folds * sizes[patient]

    while True:
        having = (labels[folds < 0] > 0).sum(axis=0)
        if not having.any():
            break
        rarest = int(np.where(having > 0, having, len(labels) + 1).argmin())
        patients = np.flatnonzero((folds < 0) & (labels[:, rarest] > 0))
        order = np.argsort(-labels[patients, rarest], kind='stable')
        deal_out(patients[order], lacking[:, rarest])
    deal_out(np.flatnonzero(folds < 0), smaller)
    return folds


def improved_folds(
    measures: np.ndarray,
    importance: np.ndarray,
    sizes: np.ndarray,
    folds: np.ndarray,
    num_folds: int,
) -> np.ndarray:
    """Swap and move patients between folds until no column is far off in any fold.

    Swaps make the sum of squares small, over folds and columns, of the distance between the sum of
    a fold and the mean sum, in standard deviations of the column. Where that gets no further,
    columns that are far off get a larger weight, and the search goes on. Of all folds found, those
    are taken whose largest distance is smallest. A bar shows the progress where it takes long.

    Args:
        measures: What the images of each patient add up to in each column, float (n, L).
        importance: What a standard deviation of each column counts, float (L,).
        sizes: Images of each patient, int (n,).
        folds: The fold of each patient, int (n,).
        num_folds: Number of folds.

    Returns:
        Better folds, int64 (n,); no fold becomes empty.
    """
    columns = importance * _standardized(measures)
    scaled = np.column_stack([SIZE_WEIGHT * sizes / sizes.mean(), columns])
    folds = np.array(folds, np.int64)
    best, smallest = folds, np.inf
    weights = np.ones(scaled.shape[1])
    rounds = int(np.clip(ROUNDS * ROUND_PATIENTS / len(folds), 2, ROUNDS))
    of_round = USUAL_PASSES * len(folds)
    with progress_bar(
        description='Dividing patients', total=rounds * of_round, unit='swap'
    ) as tried:
        for number in range(1, rounds + 1):
            folds = _swapped(np.rint(scaled * weights * RESOLUTION), folds, num_folds, tried)
            sums = np.stack([scaled[folds == fold].sum(axis=0) for fold in range(num_folds)])
            off = np.abs(sums - sums.mean(axis=0)).max(axis=0).round(6)
            if off.max() < smallest:
                best, smallest = folds, off.max()
            tried.update((number if off.any() else rounds) * of_round - tried.n)
            if not off.any():
                break
            weights *= 1 + off / off.max()
            weights = (weights / weights.mean()).round(6)
    return best


def _swapped(values: np.ndarray, folds: np.ndarray, num_folds: int, tried: tqdm) -> np.ndarray:
    """Swap and move patients, the best way for each, until that gains nothing.

    Args:
        values: Columns of each patient, whole numbers in float64 (n, L), whose sums of products it
            holds exactly in whatever order they are added.
        folds: The fold of each patient, int64 (n,).
        num_folds: Number of folds.
        tried: Shows how many patients were looked at.

    Returns:
        Folds of a smaller sum of squares.
    """
    folds, everyone = folds.copy(), np.arange(len(folds))
    norms = np.einsum('ij,ij->i', values, values)
    sums = np.stack([values[folds == fold].sum(axis=0) for fold in range(num_folds)])
    along = values @ (num_folds * sums - values.sum(axis=0)).T
    for number in range(PASSES):
        improved = False
        for patient in everyone:
            tried.update(number < USUAL_PASSES)
            here = folds[patient]
            # by how much the sum of squares grows, over twice the number of folds
            swaps = along[:, here] - along[everyone, folds] - along[patient, here]
            swaps += along[patient, folds]
            swaps += num_folds * (norms + norms[patient] - 2 * (values @ values[patient]))
            swaps[folds == here] = 0
            moves = along[patient] - along[patient, here] + num_folds * norms[patient]
            moves[here] = 0
            other, there = int(swaps.argmin()), int(moves.argmin())
            alone = (folds == here).sum() == 1
            if min(swaps[other], 0 if alone else moves[there]) >= 0:
                continue
            improved = True
            change = -values[patient]
            if alone or swaps[other] <= moves[there]:
                there, folds[other] = int(folds[other]), here
                change = values[other] - values[patient]
            folds[patient] = there
            step = num_folds * (values @ change)
            along[:, here] += step
            along[:, there] -= step
        if not improved:
            break
    return folds


def _standardized(measures: np.ndarray) -> np.ndarray:
    """Scale columns to a standard deviation of 1; those without any spread become 0."""
    measures = np.asarray(measures, np.float64)
    spread = measures.std(axis=0)
    varies = spread > 1e-9 * np.abs(measures).max(axis=0, initial=0)
    return np.where(varies, measures / np.where(varies, spread, 1), 0)
