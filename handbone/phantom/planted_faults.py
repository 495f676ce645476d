"""Which images of a dataset get which fault, and the list of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handbone.errors import HandboneError
from handbone.phantom.faults import (
    COPIES,
    FAULTS,
    IN_TWO_SPLITS,
    OF_SECOND_IMAGE,
    can_be_planted,
)
from handbone.phantom.label_faults import Faulty, Polygons
from handbone.phantom.scene import random_stream

#: Purposes of random numbers; see :func:`handbone.phantom.scene.random_stream`.
_CHOICE, _PLANTING = 100, 101
COLUMNS = ('split', 'image', 'fault', 'classes', 'copy_of', 'seed', 'number')


@dataclass(frozen=True)
class FaultSettings:
    """Faults of a dataset.

    Args:
        kinds: Names of :data:`handbone.phantom.faults.FAULTS`; each is equally frequent.
        share: Share of the images with one fault, 0 to 1.

    Raises:
        HandboneError: A name is unknown, or the share out of range.
    """

    kinds: tuple[str, ...]
    share: float = 0.3

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in FAULTS]
        if unknown or not self.kinds:
            raise HandboneError(f'There is no fault {unknown}. Faults are {", ".join(FAULTS)}.')
        if not 0 <= self.share <= 1:
            raise HandboneError(f'The share of images with a fault is 0 to 1, not {self.share}.')


@dataclass(frozen=True)
class PlannedFault:
    """The fault of one image.

    Attributes:
        kind: Its name.
        source: Number of the image that is generated and gets the fault: for a copy another one.
        seed: Seed of the dataset.
        index: Number of the image.
    """

    kind: str
    source: int
    seed: int
    index: int

    @property
    def in_other_split(self) -> bool:
        """Whether the image lies in the other split than that which it belongs to."""
        return self.kind == IN_TWO_SPLITS

    def plant(self, image: np.ndarray, polygons: Polygons) -> Faulty:
        """Plant it.

        Args:
            image: Grey values of the source.
            polygons: Its polygons.

        Returns:
            Image and polygons with the fault, and the classes that it is about. Both are as they
            were where it cannot be planted.
        """
        if not can_be_planted(self.kind, polygons):
            return image, polygons, ()
        rng = random_stream(self.seed, self.index, _PLANTING)
        return FAULTS[self.kind](image, polygons, rng)


def plan_fault(
    settings: FaultSettings | None, seed: int, first: int, index: int
) -> PlannedFault | None:
    """Draw the fault of an image.

    Args:
        settings: Faults of the dataset; None for none.
        seed: Seed of the dataset.
        first: Number of the first image of the split, which stays as it is.
        index: Number of the image.

    Returns:
        The fault; None for a sound image. What is copied is a sound image of the split.
    """
    kind = _kind(settings, seed, first, index)
    if settings is None or kind is None:
        return None
    source = index
    if kind in COPIES:
        rng = random_stream(seed, index, _CHOICE + 2)
        sound = first
        for _ in range(100):
            sound = int(rng.integers(first, index))
            if _kind(settings, seed, first, sound) is None:
                break
        else:
            sound = first
        source = sound
    return PlannedFault(kind, source, seed, index)


def fault_row(
    split: str, image: str, fault: PlannedFault, polygons: Polygons, size: int, copy_of: str
) -> Sequence[object] | None:
    """Describe a fault for the list of them.

    Args:
        split: Name of the split.
        image: Name of the image in it.
        fault: The fault.
        polygons: Polygons of the source.
        size: Side of its image in pixels.
        copy_of: Name of the source of a copy, else empty.

    Returns:
        Values of :data:`COLUMNS`; None where the fault cannot be planted.
    """
    if not can_be_planted(fault.kind, polygons):
        return None
    classes = fault.plant(np.zeros((size, size), np.uint8), polygons)[2]
    return split, image, fault.kind, ' '.join(classes), copy_of, fault.seed, fault.index


def _kind(settings: FaultSettings | None, seed: int, first: int, index: int) -> str | None:
    """Fault of an image: of a patient's two images, some faults take one and keep the other sound.

    Only what is drawn for the two images decides, so that a dataset can grow.
    """
    even = index - index % 2
    drawn = [_drawn(settings, seed, each) if each > first else None for each in (even, even + 1)]
    of_second = [kind for kind in reversed(drawn) if kind in OF_SECOND_IMAGE]
    if of_second:
        return of_second[0] if index % 2 else None
    return drawn[index % 2]


def _drawn(settings: FaultSettings | None, seed: int, index: int) -> str | None:
    rng = random_stream(seed, index, _CHOICE)
    if settings is None or rng.random() >= settings.share:
        return None
    return settings.kinds[int(rng.integers(len(settings.kinds)))]
