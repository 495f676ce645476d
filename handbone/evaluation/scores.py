"""The scores that an image and class can have, by name."""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import OverlapCounts, dice, iou, precision, recall

from .surface_distance import (
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_distances,
)

#: Scores of pixel counts, with their names in tables.
OVERLAP_SCORES = {'dice': 'Dice', 'iou': 'IoU', 'precision': 'Precision', 'recall': 'Recall'}
#: Scores of surface distances, with their names in tables.
SURFACE_SCORES = {'hd95': 'HD95', 'assd': 'ASSD', 'surface_dice': 'Surface Dice'}
#: Distances: less is better, and they are infinite where one mask is empty.
DISTANCES = ('hd95', 'assd')


def check_scores(names: Sequence[str], tolerances: Sequence[float]) -> None:
    """Check the scores that a user asks for.

    Args:
        names: Keys of :data:`OVERLAP_SCORES` and :data:`SURFACE_SCORES`.
        tolerances: Tolerances of the surface Dice.

    Raises:
        HandboneError: If a name is unknown or double, or a tolerance is no distance.
    """
    known = (*OVERLAP_SCORES, *SURFACE_SCORES)
    unknown = [name for name in names if name not in known]
    if unknown or not names or len(set(names)) < len(names):
        what = f'unknown scores {", ".join(unknown)}' if unknown else 'no score or one twice'
        raise HandboneError(f'{what}; choose from {", ".join(known)}.')
    if not tolerances or not all(0 <= tolerance < np.inf for tolerance in tolerances):
        raise HandboneError(f'Tolerances are distances from 0 on, got {list(tolerances)}.')


def score_columns(names: Sequence[str], tolerances: Sequence[float]) -> list[str]:
    """Name the columns that scores take in a table: the surface Dice has one a tolerance.

    Args:
        names: Keys of :data:`OVERLAP_SCORES` and :data:`SURFACE_SCORES`.
        tolerances: Tolerances of the surface Dice.

    Returns:
        The names, ``surface_dice@2`` for a tolerance of 2.
    """
    return [
        column
        for name in names
        for column in (
            [f'{name}@{tolerance:g}' for tolerance in tolerances]
            if name == 'surface_dice'
            else [name]
        )
    ]


def column_title(column: str, unit: str) -> str:
    """Name a column for people.

    Args:
        column: As :func:`score_columns` names it.
        unit: Unit of distances.

    Returns:
        For example ``HD95 (px)`` or ``Surface Dice @2 px``.
    """
    name, _, tolerance = column.partition('@')
    title = (OVERLAP_SCORES | SURFACE_SCORES)[name]
    if tolerance:
        return f'{title} @{tolerance} {unit}'
    return f'{title} ({unit})' if name in DISTANCES else title


def overlap_scores(
    counts: OverlapCounts, names: Sequence[str], eps: float = 1e-4
) -> dict[str, np.ndarray]:
    """Compute the scores that come from pixel counts.

    Args:
        counts: Pixel counts of C classes.
        names: Scores wanted; those of surfaces are passed over.
        eps: Added to numerator and denominator of Dice and IoU.

    Returns:
        Float64 (C,) by name, 0 to 1: 1 where both masks are empty, about 0 where one is.
    """
    scores = {
        'dice': lambda: dice(counts, eps),
        'iou': lambda: iou(counts, eps),
        'precision': lambda: precision(counts),
        'recall': lambda: recall(counts),
    }
    return {name: scores[name]() for name in names if name in scores}


def surface_scores(
    prediction: np.ndarray,
    truth: np.ndarray,
    num_classes: int,
    names: Sequence[str],
    tolerances: Sequence[float] = (2.0,),
    spacing: tuple[float, float] = (1.0, 1.0),
) -> dict[str, np.ndarray]:
    """Compute the scores that come from surface distances.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        truth: Packed map of the same shape.
        num_classes: Number of classes C.
        names: Scores wanted; those of pixel counts are passed over.
        tolerances: Tolerances of the surface Dice, in the unit of the spacing.
        spacing: Height and width of a pixel, in the unit that distances shall have.

    Returns:
        Float64 (C,) by column, as :func:`score_columns` names them; distances are 0 where both
        masks are empty and infinite where one is.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes.
    """
    functions = {}
    for name in (name for name in names if name in SURFACE_SCORES):
        if name == 'surface_dice':
            for tolerance, column in zip(
                tolerances, score_columns([name], tolerances), strict=True
            ):
                functions[column] = lambda distances, limit=tolerance: surface_dice(
                    distances, limit
                )
        else:
            functions[name] = {'hd95': hausdorff_distance, 'assd': average_surface_distance}[name]
    if not functions:
        return {}
    rows = [
        [function(distances) for function in functions.values()]
        for distances in surface_distances(prediction, truth, num_classes, spacing)
    ]
    return dict(zip(functions, np.array(rows).T, strict=True))
