"""Checks of the bones of a hand: flags for a human reader, without changing the labels."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from handbone.bones import CLASSES, RAYS

from .bone_areas import AREA_FACTOR, TYPICAL_AREAS, drawn_twice, relative_areas
from .bone_places import are_two_hands, several_places
from .bone_shapes import BoneShape, bone_shapes, gap_between
from .growing_hand import is_growing, small_carpals, unossified_carpals

#: Neighbours in a finger are flagged if the gap between their ends exceeds this share of the square
#: root of the area of the first one. It is at most 0.3 in synthetic hands, over 1 between fingers.
LARGEST_GAP = 1.0
#: The same in the hand of a child, whose shafts end in cartilage: up to 1.13 in synthetic hands.
LARGEST_GROWING_GAP = 1.4
#: The flag of labels that are not those of a hand.
NO_HAND = 'this does not look like a hand'
#: Pairs of neighbours in the fingers that have to be there in a hand.
FEWEST_PAIRS = 6
#: Metacarpals that lie side by side, from the index to the little finger.
METACARPALS = tuple(bones[-1] for ray, bones in RAYS.items() if ray != 'thumb')


def flags_of(labels: np.ndarray, classes: Sequence[str]) -> tuple[str, ...]:
    """Check labels if their classes are the bones of the hand.

    Args:
        labels: Packed map, int32, (H, W), or (H, W, P) for more than 31 classes.
        classes: Names in class order.

    Returns:
        The flags of :func:`check_hand` if the classes are :data:`handbone.bones.CLASSES`, otherwise
        none.
    """
    return check_hand(labels) if tuple(classes) == CLASSES else ()


def shows_hand(labels: np.ndarray) -> bool:
    """Tell whether labels look like those of a hand at all.

    In an image without a hand, a network finds a few bones here and there, but hardly any that
    adjoin as the bones of a finger do.

    Args:
        labels: Packed map of the 29 bones, int32 (H, W).

    Returns:
        Whether at least :data:`FEWEST_PAIRS` of the 14 pairs of neighbours in the fingers are
        there, adjoin and have areas in proportion, or the labels are those of two hands.
    """
    bones = dict(bone_shapes(labels, CLASSES))
    return _enough_pairs(bones) or are_two_hands(bones)


def _enough_pairs(bones: Mapping[str, BoneShape]) -> bool:
    pairs = sum(
        first in bones and second in bones and _adjoin(bones, first, second)
        for names in RAYS.values()
        for first, second in pairwise(names)
    )
    return pairs >= FEWEST_PAIRS


def _adjoin(bones: Mapping[str, BoneShape], first: str, second: str) -> bool:
    ratio = bones[first].area / bones[second].area
    ratio /= TYPICAL_AREAS[first] / TYPICAL_AREAS[second]
    near = gap_between(bones[first], bones[second]) <= LARGEST_GAP
    return near and 1 / AREA_FACTOR < ratio < AREA_FACTOR


def check_hand(labels: np.ndarray) -> tuple[str, ...]:
    """Find what a human reader should look at in the labels of a hand.

    The flags name missing bones, bones in several places or twice side by side, bones of a finger
    that are not in order from tip to wrist, metacarpals that are not side by side in order, and
    bones whose areas are far from the proportions of a hand. Labels of two hands, or of none, are
    flagged as such. Nothing is changed.

    The hand of a child is no fault: an epiphysis near its shaft is in the same place, and carpals
    may be missing in the order in which they ossify, or be small. Where something else is flagged,
    a last sentence names these carpals.

    Args:
        labels: Packed map of the 29 bones, int32 (H, W).

    Returns:
        One sentence per flag, none for a plausible hand.
    """
    bones = dict(bone_shapes(labels, CLASSES))
    if not bones:
        return ('no bone was found',)
    several = several_places(bones)
    if are_two_hands(bones):
        return (f'{len(several)} bones are in several places: are these two hands?',)
    flags = [] if _enough_pairs(bones) else [NO_HAND]
    unossified = unossified_carpals(bones)
    missing = [name for name in CLASSES if name not in bones and name not in unossified]
    if missing:
        flags.append(f'missing: {", ".join(missing)}')
    flags.extend(f'{name} is in {count} separate places' for name, count in several.items())
    twice = [name for name in drawn_twice(bones) if name not in several]
    flags.extend(f'{name} is drawn twice, side by side' for name in twice)
    flags.extend(flag for _, flag in misplaced_bones(bones))
    flags.extend(_proportions(bones))
    return (*flags, *_growth(unossified, small_carpals(bones))) if flags else ()


def _growth(unossified: Sequence[str], small: Sequence[str]) -> list[str]:
    """Say in one sentence what is a matter of the child's age."""
    groups = (('not ossified', unossified), ('small', small))
    found = [f'{what}: {", ".join(names)}' for what, names in groups if names]
    return [f'the carpals are those of a growing hand ({"; ".join(found)})'] if found else []


def misplaced_bones(
    bones: Mapping[str, BoneShape], called: Mapping[str, str] | None = None
) -> list[tuple[tuple[str, ...], str]]:
    """Find fingers and metacarpals whose bones do not follow each other, or lie apart.

    Args:
        bones: Shape of each bone that is there.
        called: What the sentences call each bone. Default: as in :data:`handbone.bones.CLASSES`.

    Returns:
        The bones in question, and a sentence about them.
    """
    called = called or {name: name for name in CLASSES}
    flags = []
    largest_gap = LARGEST_GROWING_GAP if is_growing(bones) else LARGEST_GAP
    for ray, names in RAYS.items():
        flags.extend(_order(bones, names, f'the {ray}', called))
        flags.extend(_gaps(bones, names, ray, largest_gap, called))
    flags.extend(_order(bones, METACARPALS, 'the metacarpals', called))
    return flags


def _order(
    bones: Mapping[str, BoneShape], names: Sequence[str], row: str, called: Mapping[str, str]
) -> list[tuple[tuple[str, ...], str]]:
    """Find a row of bones whose centres turn back between the first and the last."""
    there = tuple(name for name in names if name in bones)
    centres = np.array([bones[name].centre for name in there]).reshape(-1, 2)
    steps = np.diff(centres, axis=0)
    if all(before @ after > 0 for before, after in zip(steps, steps[1:], strict=False)):
        return []
    row_names = ', '.join(called[name] for name in there)
    return [(there, f'{row}: {row_names} do not follow each other in this order')]


def _gaps(
    bones: Mapping[str, BoneShape],
    names: Sequence[str],
    ray: str,
    largest: float,
    called: Mapping[str, str],
) -> list[tuple[tuple[str, ...], str]]:
    """Find neighbours in a finger that are too far apart."""
    flags: list[tuple[tuple[str, ...], str]] = []
    for first, second in pairwise(names):
        if first not in bones or second not in bones:
            continue
        if gap_between(bones[first], bones[second]) > largest:
            text = f'the {ray}: {called[first]} and {called[second]} lie apart'
            flags.append(((first, second), text))
    return flags


def _proportions(bones: Mapping[str, BoneShape]) -> list[str]:
    """Find bones that are much larger or smaller than expected from the others."""
    small = small_carpals(bones)
    return [
        f'{name} has {ratio:.2g} times the area expected from the other bones'
        for name, ratio in relative_areas(bones).items()
        if name not in small and not 1 / AREA_FACTOR < ratio < AREA_FACTOR
    ]
