"""Scores of masks that are given as runs."""

from collections.abc import Mapping, Sequence

import numpy as np
from tqdm import tqdm

from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.scores import SURFACE_SCORES, overlap_scores, score_columns, surface_scores
from handbone.masks import decode, encode, run_overlap_counts

from .reference_masks import Truth

#: Runs of every class, by image name.
Masks = Mapping[str, list[np.ndarray]]


def score_masks(
    masks: Masks,
    pairs: dict[str, str],
    truth: Truth,
    metainfo: dict,
    scores: Sequence[str],
    tolerances: Sequence[float] = (2.0,),
    spacing: tuple[float, float] | None = None,
) -> ScoreTable:
    """Score masks image by image; one image at a time is drawn, and only for surfaces.

    Args:
        masks: Predicted runs of every class, by image name.
        pairs: Key of the truth by image name, of the images to score.
        truth: The truth.
        metainfo: ``classes`` and, where known, ``groups``.
        scores: Names of scores.
        tolerances: Tolerances of the surface Dice, in mm with a spacing, else in pixels.
        spacing: Height and width of a pixel in mm.

    Returns:
        The scores of every image and class.
    """
    classes = metainfo['classes']
    rows = []
    with_surfaces = any(name in SURFACE_SCORES for name in scores)
    for name, key in tqdm(pairs.items(), 'Scoring', delay=3):
        if not with_surfaces:
            rows.append(overlap_scores(run_overlap_counts(masks[name], truth.runs(key)), scores))
            continue
        labels = truth.labels(key)
        counts = run_overlap_counts(masks[name], encode(labels, len(classes)))
        found = overlap_scores(counts, scores) | surface_scores(
            decode(masks[name], *labels.shape[:2]),
            labels,
            len(classes),
            scores,
            tolerances,
            spacing or (1.0, 1.0),
        )
        rows.append({column: found[column] for column in score_columns(scores, tolerances)})
    return ScoreTable(
        images=tuple(pairs),
        patients=tuple(truth.patient(key) for key in pairs.values()),
        classes=classes,
        scores={column: np.stack([row[column] for row in rows]) for column in rows[0]},
        groups=metainfo.get('groups', {}),
        unit='px' if spacing is None else 'mm',
    )
