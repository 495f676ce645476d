"""The names of scores: what users ask for, columns of files, titles of tables."""

import math
from collections.abc import Sequence

from handbone.errors import HandboneError

#: Scores of pixel counts, with their names in tables.
OVERLAP_SCORES = {'dice': 'Dice', 'iou': 'IoU', 'precision': 'Precision', 'recall': 'Recall'}
#: Scores of surface distances, with their names in tables.
SURFACE_SCORES = {'hd95': 'HD95', 'assd': 'ASSD', 'surface_dice': 'Surface Dice'}
#: Scores in the keys of metrics, which hold no space.
METRIC_KEYS = OVERLAP_SCORES | SURFACE_SCORES | {'surface_dice': 'SurfaceDice'}
#: Distances: less is better, and they are infinite where one mask is empty.
DISTANCES = ('hd95', 'assd')


def check_scores(names: Sequence[str], tolerances: Sequence[float]) -> None:
    """Check the scores that a user asks for.

    Args:
        names: Keys of :data:`OVERLAP_SCORES` and :data:`SURFACE_SCORES`.
        tolerances: Tolerances of the surface Dice.

    Raises:
        HandboneError: If a name is unknown or given twice, or a tolerance is not a distance.
    """
    known = (*OVERLAP_SCORES, *SURFACE_SCORES)
    unknown = [name for name in names if name not in known]
    if unknown or not names or len(set(names)) < len(names):
        what = f'unknown scores {", ".join(unknown)}' if unknown else 'no score or one twice'
        raise HandboneError(f'{what}; choose from {", ".join(known)}.')
    if not tolerances or not all(0 <= tolerance < math.inf for tolerance in tolerances):
        raise HandboneError(f'Tolerances are distances from 0 on, got {list(tolerances)}.')


def score_columns(names: Sequence[str], tolerances: Sequence[float]) -> list[str]:
    """Name the columns that scores take in a table: the surface Dice has one per tolerance.

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
