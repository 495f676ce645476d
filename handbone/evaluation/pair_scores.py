"""Scores within the overlap of pairs of classes.

The overlap of a pair is scored as if it were a class: the pixels that have both classes in the
prediction against those that have both in the reference. A pair counts in the images whose
reference has any such pixel; elsewhere it is skipped, as RAM-H1200 (arXiv 2605.05616) does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.masks import overlap_counts, overlapping_pairs, pair_maps
from handbone.masks.pairs import Pairs

from .pair_names import pair_name
from .score_names import score_columns
from .score_table import ScoreTable
from .scores import overlap_scores, surface_scores


class PairScores(NamedTuple):
    """Scores of the pairs of an image whose overlap in the reference is not empty.

    Attributes:
        pairs: Class indices, int64 (n, 2).
        pixels: Pixels of each overlap in the reference, int64 (n,).
        scores: Float64 (S, n), in the order of :func:`score_columns`.
    """

    pairs: np.ndarray
    pixels: np.ndarray
    scores: np.ndarray


def pair_scores(
    prediction: np.ndarray,
    reference: np.ndarray,
    num_classes: int,
    pairs: Pairs | None = None,
    names: Sequence[str] = ('dice', 'surface_dice'),
    tolerances: Sequence[float] = (2.0,),
    spacing: tuple[float, float] = (1.0, 1.0),
    eps: float = 1e-4,
) -> PairScores:
    """Score the overlaps of pairs of classes in one image.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape. Pixels that it ignores are not counted.
        num_classes: Number of classes C.
        pairs: Class indices, (n, 2). Default: all that overlap in the reference.
        names: Scores, as for classes: ``dice``, ``iou``, ``surface_dice``, ``hd95`` and so on.
        tolerances: Tolerances of the surface Dice, in the unit of the spacing.
        spacing: Height and width of a pixel, in the unit that distances are to have.
        eps: Added to numerator and denominator of Dice and IoU.

    Returns:
        The scores of the pairs that overlap in the reference; of none if none does.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes, or there is
            no such pair.

    Example:
        >>> reference = np.array([[1, 3, 3, 2]], np.int32)
        >>> prediction = np.array([[1, 1, 3, 2]], np.int32)
        >>> pair_scores(prediction, reference, 2, names=['dice']).scores.round(2).tolist()
        [[0.67]]
    """
    columns = score_columns(names, tolerances)
    chosen = overlapping_pairs(reference, num_classes) if pairs is None else np.asarray(pairs)
    if not len(chosen):
        return PairScores(
            np.zeros((0, 2), np.int64), np.zeros(0, np.int64), np.zeros((len(columns), 0))
        )
    predicted, true = pair_maps(prediction, reference, chosen, num_classes)
    counts = overlap_counts(predicted, true, len(chosen))
    found = overlap_scores(counts, names, eps)
    found |= surface_scores(predicted, true, len(chosen), names, tolerances, spacing)
    kept = counts.reference > 0
    scores = np.stack([found[column][kept] for column in columns])
    return PairScores(chosen[kept], counts.reference[kept], scores)


def pair_table(
    images: Sequence[str],
    patients: Sequence[str],
    classes: Sequence[str],
    results: Sequence[PairScores],
    columns: Sequence[str],
    pairs: Pairs | None = None,
    unit: str = 'px',
) -> ScoreTable | None:
    """Put the scores of pairs into a table, whose classes are the pairs.

    Args:
        images: Names of the images.
        patients: Patient of each image.
        classes: Names of the classes.
        results: Scores of each image.
        columns: Names of the scores.
        pairs: The pairs that were asked for. Default: those that any image has.
        unit: Unit of distances.

    Returns:
        The table, in which what was skipped is NaN; None if no pair overlaps in any image.
    """
    found = np.concatenate([result.pairs for result in results])
    chosen = np.unique(found, axis=0) if pairs is None else np.asarray(pairs)
    if not len(found):
        return None
    column_of = {tuple(pair): index for index, pair in enumerate(chosen.tolist())}
    shape = len(images), len(chosen)
    scores, pixels = np.full((len(columns), *shape), np.nan), np.zeros(shape, np.int64)
    for row, result in enumerate(results):
        of_image = [column_of[tuple(pair)] for pair in result.pairs.tolist()]
        scores[:, row, of_image], pixels[row, of_image] = result.scores, result.pixels
    return ScoreTable(
        images=tuple(images),
        patients=tuple(patients),
        classes=tuple(pair_name(*(classes[index] for index in pair)) for pair in chosen.tolist()),
        scores=dict(zip(columns, scores, strict=True)),
        unit=unit,
        reference_pixels=pixels,
    )
