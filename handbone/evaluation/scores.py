"""The scores that an image and class can have, by name."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from handbone.masks import OverlapCounts, dice, iou, precision, recall

from .score_names import SURFACE_SCORES, score_columns
from .surface_distance import (
    SurfaceDistances,
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_distances,
)


def overlap_scores(
    counts: OverlapCounts, names: Sequence[str], eps: float = 1e-4
) -> dict[str, np.ndarray]:
    """Compute the scores that come from pixel counts.

    Args:
        counts: Pixel counts of C classes.
        names: Scores wanted; those of surfaces are ignored.
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
    reference: np.ndarray,
    num_classes: int,
    names: Sequence[str],
    tolerances: Sequence[float] = (2.0,),
    spacing: tuple[float, float] = (1.0, 1.0),
) -> dict[str, np.ndarray]:
    """Compute the scores that come from surface distances.

    Args:
        prediction: Packed map, (H, W) or (H, W, P).
        reference: Packed map of the same shape.
        num_classes: Number of classes C.
        names: Scores wanted; those of pixel counts are ignored.
        tolerances: Tolerances of the surface Dice, in the unit of the spacing.
        spacing: Height and width of a pixel, in the unit that distances are to have.

    Returns:
        Float64 (C,) by column, as :func:`score_columns` names them; distances are 0 where both
        masks are empty and infinite where one is.

    Raises:
        HandboneError: If the maps differ in shape or do not fit the number of classes.
    """
    functions: dict[str, Callable[[SurfaceDistances], float]] = {}
    for name in (name for name in names if name in SURFACE_SCORES):
        if name == 'surface_dice':
            for tolerance, column in zip(
                tolerances, score_columns([name], tolerances), strict=True
            ):
                functions[column] = partial(surface_dice, tolerance=tolerance)
        else:
            functions[name] = {'hd95': hausdorff_distance, 'assd': average_surface_distance}[name]
    if not functions:
        return {}
    rows = [
        [function(distances) for function in functions.values()]
        for distances in surface_distances(prediction, reference, num_classes, spacing)
    ]
    return dict(zip(functions, np.array(rows).T, strict=True))
