"""Hands of children: epiphyses apart from their shafts, and carpals that have not ossified."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from handbone.bones import CARPALS, FINGERS, RAYS

from .bone_areas import AREA_FACTOR, relative_areas
from .bone_shapes import BoneShape, gap_between

#: Carpals in the order in which they ossify, from the first year of life to about the twelfth
#: (Greulich and Pyle; Garn). Those of a group follow each other in any order.
OSSIFICATION = (
    ('Capitate', 'Hamate'),
    ('Triquetrum',),
    ('Lunate',),
    ('Scaphoid', 'Trapezium', 'Trapezoid'),
    ('Pisiform',),
)
#: A part in the same place as the largest one is an epiphysis from this share of its area.
EPIPHYSIS_SHARE = 0.05
#: A hand with at least this many epiphyses of its fingers grows.
FEWEST_EPIPHYSES = 3
#: A hand grows if the median area of its carpals is below this multiple of the expected one.
SMALL_CARPALS = 0.75
#: A hand without carpals is that of a newborn if the median gap between neighbours in its fingers,
#: whose ends are cartilage, is in this range; it is up to 0.27 in synthetic hands of adults.
NEWBORN_GAPS = (0.3, 1.0)
#: Such a hand has at least this many pairs of neighbours.
FEWEST_PAIRS = 6


def is_growing(bones: Mapping[str, BoneShape]) -> bool:
    """Tell whether a hand is that of a child, as far as its bones show it.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        Whether epiphyses lie apart from the shafts of the fingers, or the carpals are small, or
        there are none and wide gaps between the bones of the fingers.
    """
    if _has_epiphyses(bones):
        return True
    areas = relative_areas(bones)
    carpals = [areas[name] for name in CARPALS if name in areas]
    if carpals or any(name in bones for name in CARPALS):
        return bool(carpals) and float(np.median(carpals)) < SMALL_CARPALS
    gaps = [
        gap_between(bones[first], bones[second])
        for names in RAYS.values()
        for first, second in pairwise(names)
        if first in bones and second in bones
    ]
    low, high = NEWBORN_GAPS
    return len(gaps) >= FEWEST_PAIRS and low <= float(np.median(gaps)) <= high


def unossified_carpals(bones: Mapping[str, BoneShape]) -> tuple[str, ...]:
    """Find the carpals that are missing because the child is too young for them.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        The names of missing carpals after which no other one ossifies that is there, in class
        order; none if the hand does not grow. Where fingers have epiphyses, which are later than
        Capitate and Hamate, these two are not among them.
    """
    if not is_growing(bones):
        return ()
    missing: set[str] = set()
    for group in reversed(OSSIFICATION[1:] if _has_epiphyses(bones) else OSSIFICATION):
        missing.update(name for name in group if name not in bones)
        if any(name in bones for name in group):
            break
    return tuple(name for name in CARPALS if name in missing)


def small_carpals(bones: Mapping[str, BoneShape]) -> tuple[str, ...]:
    """Find the carpals that are smaller than an adult's because the child grows.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        The names of carpals that would be out of proportion in an adult, in class order; none if
        the hand does not grow.
    """
    areas = relative_areas(bones) if is_growing(bones) else {}
    return tuple(name for name in CARPALS if areas.get(name, 1.0) <= 1 / AREA_FACTOR)


def _has_epiphyses(bones: Mapping[str, BoneShape]) -> bool:
    found = 0
    for name in FINGERS:
        if name in bones:
            least = EPIPHYSIS_SHARE * bones[name].pieces.max()
            found += (bones[name].pieces >= least).sum() > (bones[name].places >= least).sum()
    return found >= FEWEST_EPIPHYSES
