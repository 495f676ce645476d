"""HD95, average surface distance and surface Dice of 29 classes at 2048 x 2048."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from handbone.evaluation.scores import surface_scores

SHIFT = 12  # pixels between prediction and truth
TOLERANCE = 2.0
SCORES = ('hd95', 'assd', 'surface_dice')


def monai() -> Callable[[], Any]:
    """Score with MONAI, one function a score."""
    from monai.metrics import (
        compute_average_surface_distance,
        compute_hausdorff_distance,
        compute_surface_dice,
    )

    pair = [torch.from_numpy(subject.planes(shift=shift))[None] for shift in (SHIFT, 0)]
    limits = [TOLERANCE] * len(subject.CLASSES)

    def score() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            found = (
                compute_hausdorff_distance(*pair, include_background=True, percentile=95),
                compute_average_surface_distance(*pair, include_background=True, symmetric=True),
                compute_surface_dice(*pair, limits, include_background=True),
            )
        return torch.cat(found).numpy()

    return score


def packed() -> Callable[[], Any]:
    """Find the surfaces of all classes in the packed maps, and search the nearest pixels."""
    prediction, truth = subject.packed(shift=SHIFT), subject.packed()
    num_classes = len(subject.CLASSES)

    def score() -> np.ndarray:
        found = surface_scores(prediction, truth, num_classes, SCORES, (TOLERANCE,))
        return np.stack(list(found.values()))

    return score


def check(usual: np.ndarray, ours: np.ndarray) -> None:
    """Compare the scores; MONAI computes in float32."""
    np.testing.assert_allclose(usual, ours, rtol=1e-5)


ROW = Row(
    work=f'HD95, ASSD and surface Dice of 29 classes, {subject.SIZE} x {subject.SIZE}',
    ways=(
        Way('MONAI, one function a score', monai),
        Way('handbone.evaluation.surface_scores', packed),
    ),
    check=check,
    target='10 x faster',
)
