"""Dice of 29 classes at 2048 x 2048, prediction against truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from benchmarks.usual.competition import dice_coefficient
from handbone import masks

EPS = 1e-4
SHIFT = 12  # pixels between prediction and truth


def pair() -> tuple[np.ndarray, np.ndarray]:
    """Make prediction and truth, one bool plane per class."""
    return subject.planes(shift=SHIFT).astype(bool), subject.planes().astype(bool)


def torch_planes() -> Callable[[], Any]:
    """Score as competition code does: bool predictions, float truth."""
    prediction, truth = (torch.from_numpy(planes)[None] for planes in pair())
    truth = truth.float()
    return lambda: dice_coefficient(truth, prediction, EPS)[0].numpy()


def numpy_planes() -> Callable[[], Any]:
    """Count class by class with NumPy."""
    prediction, truth = pair()

    def score() -> np.ndarray:
        scores = []
        for ours, theirs in zip(prediction, truth, strict=True):
            both = np.logical_and(ours, theirs).sum()
            scores.append((2 * both + EPS) / (ours.sum() + theirs.sum() + EPS))
        return np.array(scores)

    return score


def torchmetrics() -> Callable[[], Any]:
    """Score with torchmetrics."""
    from torchmetrics.functional.segmentation import dice_score

    prediction, truth = (torch.from_numpy(planes)[None].int() for planes in pair())
    num_classes = truth.shape[1]
    return lambda: dice_score(prediction, truth, num_classes, average='none')[0]


def monai() -> Callable[[], Any]:
    """Score with MONAI."""
    from monai.metrics import compute_dice

    prediction, truth = (torch.from_numpy(planes)[None].float() for planes in pair())
    return lambda: compute_dice(prediction, truth)[0]


def packed() -> Callable[[], Any]:
    """Count on the run boundaries of both packed maps."""
    prediction, truth = subject.packed(shift=SHIFT), subject.packed()
    num_classes = len(subject.CLASSES)
    return lambda: masks.dice(masks.overlap_counts(prediction, truth, num_classes), EPS)


def check(usual: np.ndarray, ours: np.ndarray) -> None:
    """Compare the scores; sums of float32 ones are exact up to 2^24 pixels."""
    np.testing.assert_allclose(usual, ours, rtol=1e-6)


ROW = Row(
    work=f'Dice of 29 classes, {subject.SIZE} x {subject.SIZE}',
    ways=(
        Way('torch, sums over flattened float planes', torch_planes),
        Way('NumPy, bool planes', numpy_planes),
        Way('torchmetrics dice_score', torchmetrics),
        Way('MONAI compute_dice', monai),
        Way('handbone.masks.overlap_counts + dice', packed),
    ),
    check=check,
    target='20 x faster',
)
