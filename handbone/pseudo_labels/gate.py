"""Which labels of an image are sure enough to train on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError

KEPT, UNKNOWN, LEFT_OUT = DECISIONS = ('kept', 'unknown', 'left out')
#: What it means that no model finds a class: that nobody knows, or that it is not there.
ABSENT = ('unknown', 'known')


class LabelledImage(NamedTuple):
    """The labels of an image, and what becomes of them.

    Attributes:
        runs: Runs of every class, (n, 2) of [start, length]; empty for those that are unknown.
        confidence: How sure each class is, float64 (C,), 0 to 1; NaN where nothing tells.
        pixels: Pixels of every class by most opinions, also of those that are unknown, int64 (C,).
        decisions: One of :data:`DECISIONS` for each class; an image is left out as a whole.
    """

    runs: Sequence[np.ndarray]
    confidence: np.ndarray
    pixels: np.ndarray
    decisions: tuple[str, ...]

    @property
    def left_out(self) -> bool:
        """Whether nothing of the image is sure."""
        return LEFT_OUT in self.decisions

    def unknown(self, classes: Sequence[str]) -> list[str]:
        """Name the classes that nobody knows in the image."""
        return [
            name
            for name, decision in zip(classes, self.decisions, strict=True)
            if decision == UNKNOWN
        ]


class Gate:
    """Keeps what is sure and makes the rest unknown.

    Args:
        least: Least confidence of a class that is kept, from 0 to 1.
        absent: 'unknown' if a class that no model finds is one that they missed, as where every
            image shows all classes; 'known' if it may well be absent, so that its absence is a
            label like others.

    Raises:
        HandboneError: If one of them is out of range.
    """

    def __init__(self, least: float, absent: str = 'unknown') -> None:
        if not 0 <= least <= 1:
            raise HandboneError(f'the gate is a confidence from 0 to 1, got {least}')
        if absent not in ABSENT:
            raise HandboneError(f'absent is one of {", ".join(ABSENT)}, got {absent!r}')
        self.least = least
        self.absent = absent

    def judge(self, runs: Sequence[np.ndarray], confidence: np.ndarray) -> LabelledImage:
        """Decide about each class of an image.

        Args:
            runs: Runs of every class.
            confidence: How sure each is, float64 (C,); NaN where nothing tells, which passes a gate
                of 0 alone.

        Returns:
            The labels that are left.
        """
        pixels = np.array([each[:, 1].sum() for each in runs], np.int64)
        sure = (np.nan_to_num(confidence, nan=0.0) >= self.least) & (
            (pixels > 0) | (self.absent == 'known')
        )
        if not sure.any():
            nothing = [each[:0] for each in runs]
            return LabelledImage(nothing, confidence, pixels, (LEFT_OUT,) * len(runs))
        left = [each if keep else each[:0] for each, keep in zip(runs, sure, strict=True)]
        decisions = tuple(KEPT if keep else UNKNOWN for keep in sure)
        return LabelledImage(left, confidence, pixels, decisions)
