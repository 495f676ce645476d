"""Chains of classes, such as fingers, whose names were exchanged as a whole."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from handbone.progress import progress_bar

from .alignment import Aligned, align_shapes, pixels_per_unit
from .judged_shape import UNUSUAL
from .shape_model import ShapeModel
from .survey import Survey

#: Two chains have exchanged names if less than this share of what was doubted still is once they
#: are exchanged, and if they have several classes, at least this share of these was.
LEAST_DOUBTED = 0.4
#: Mirrored forms are unusual if at most this share of the images has them.
FEW_MIRRORED = 0.1

#: By row of the survey, by class index, the class in whose place it lies.
Exchanged = dict[int, dict[int, int]]


def put_right(
    survey: Survey, aligned: Aligned, model: ShapeModel, chains: Sequence[Sequence[int]]
) -> tuple[Aligned, Exchanged]:
    """Find images in which two chains have exchanged names, and align them as they should be.

    Few classes of such a chain can be told one by one: they turn the whole image when it is
    aligned, and a bent finger lies where the bones that are named rightly hardly let expect it. Of
    few classes, two that are exchanged may turn the image so that only others are doubted.

    Args:
        survey: The measurements.
        aligned: The classes as they are named.
        model: Where classes are expected.
        chains: Class indices of each chain, in order.

    Returns:
        The classes with these names put right, and what was exchanged.
    """
    found: Exchanged = {}
    features, whole, matrices, mirrored = (
        each.copy()
        for each in (aligned.features, aligned.whole, aligned.matrices, aligned.mirrored)
    )
    pairs = [[*first, *second] for first, second in combinations(chains, 2)]
    rows = np.flatnonzero(np.isfinite(aligned.scales)) if chains else np.zeros(0, int)
    unusual = _unusual_forms(aligned.mirrored[rows])
    for row in progress_bar(rows, 'Comparing names'):
        doubted = _doubted(model, features[row], whole[row])
        best = LEAST_DOUBTED * doubted.sum(), False
        for pair in pairs if doubted.any() else ():
            half = len(pair) // 2
            if half > 1 and doubted[pair].sum() < LEAST_DOUBTED * len(pair):
                continue
            outlines = np.arange(len(doubted))
            outlines[pair] = [*pair[half:], *pair[:half]]
            there = aligned.whole[row, outlines]
            centres = survey.centres[row, outlines].astype(np.float64)
            areas = survey.areas[row, outlines].astype(np.float64)
            placed = align_shapes(aligned.mean, centres[None], areas[None])
            if not np.isfinite(placed[1]).all():
                continue
            left = _doubted(model, placed[0][0], there).sum(), bool(placed[2][0]) in unusual
            if left < best:
                best = left
                found[int(row)] = dict(zip(pair, outlines[pair].tolist(), strict=True))
                features[row], matrices[row], mirrored[row] = (each[0] for each in placed)
                whole[row] = there
    right = replace(
        aligned,
        features=features,
        whole=whole,
        matrices=matrices,
        scales=pixels_per_unit(matrices),
        mirrored=mirrored,
    )
    return right, found


def _doubted(model: ShapeModel, features: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Classes (C,) of an image that do not agree with the others."""
    doubted: np.ndarray = whole & model.modelled
    return doubted & ~model.believed(model.standardise(features), whole, UNUSUAL)


def _unusual_forms(mirrored: np.ndarray) -> set[bool]:
    """Values of ``mirrored`` that few images have: none, or one of both."""
    return {form for form in (False, True) if (mirrored == form).mean() <= FEW_MIRRORED}
