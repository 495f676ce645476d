"""Dice and surface Dice within the overlaps of pairs of 29 classes at 2048 x 2048."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from handbone.evaluation.pair_scores import pair_scores
from handbone.masks import overlapping_pairs

EPS = 1e-4
SHIFT = 6  # pixels between prediction and truth
TOLERANCE = 2.0


def monai() -> Callable[[], Any]:
    """Cut the planes of each pair with each other, and score them with MONAI's surface Dice."""
    from monai.metrics import compute_surface_dice

    pair = [torch.from_numpy(subject.planes(shift=shift)) > 0 for shift in (SHIFT, 0)]
    pairs = overlapping_pairs(subject.packed(), len(subject.CLASSES)).tolist()

    def score() -> np.ndarray:
        scores = []
        for first, second in pairs:
            predicted, true = (planes[first] & planes[second] for planes in pair)
            both, sizes = (predicted & true).sum(), predicted.sum() + true.sum()
            maps = predicted[None, None], true[None, None]
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                near = compute_surface_dice(*maps, [TOLERANCE], include_background=True)
            scores.append(((2 * both + EPS) / (sizes + EPS), near.item()))
        return np.array(scores).T

    return score


def packed() -> Callable[[], Any]:
    """Find the pairs, draw their overlaps into one packed map, and score that."""
    prediction, truth = subject.packed(shift=SHIFT), subject.packed()
    num_classes = len(subject.CLASSES)
    return lambda: pair_scores(prediction, truth, num_classes, tolerances=(TOLERANCE,)).scores


def check(usual: np.ndarray, ours: np.ndarray) -> None:
    """Compare the scores; MONAI computes in float32."""
    np.testing.assert_allclose(usual, ours, rtol=1e-5)


ROW = Row(
    work=f'Dice and surface Dice in the overlaps of pairs, {subject.SIZE} x {subject.SIZE}',
    ways=(
        Way('torch planes, MONAI surface Dice', monai),
        Way('handbone.evaluation.pair_scores', packed),
    ),
    check=check,
    target='10 x faster',
)
