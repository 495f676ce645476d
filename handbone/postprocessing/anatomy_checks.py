"""Checks of the bones of a hand: flags for a human reader, without changing the labels."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from handbone.bones import CLASSES, FOREARM, RAYS

from .bone_shapes import BoneShape, bone_shapes

#: Typical area of each bone relative to the median bone, fingers first and then carpals: medians of
#: 200 synthetic hands (:mod:`handbone.phantom`). The bones of the forearm have none, because how
#: much of them is visible depends on the image.
TYPICAL_AREAS = dict(
    zip(
        CLASSES,
        (
            *(0.73, 1.25, 2.09),
            *(0.44, 0.84, 1.66, 2.80),
            *(0.50, 1.02, 1.90, 2.73),
            *(0.49, 0.95, 1.66, 2.03),
            *(0.36, 0.58, 1.13, 1.90),
            *(0.64, 0.47, 1.14, 1.00, 1.10, 0.85, 0.55, 0.36),
        ),
        strict=False,
    )
)
#: Factor from the typical area at which a bone is flagged. Synthetic hands stay within 1.8, and the
#: bones of a turned or bent wrist appear smaller than they are.
AREA_FACTOR = 3.0
#: A second part of a bone is flagged from this share of the area of its largest part.
PIECE_SHARE = 0.1
#: Share of the bones in several parts above which the labels may be those of two hands; in such
#: labels nothing else is checked.
TWO_HANDS = 0.5
#: Neighbours in a finger are flagged if the gap between their ends exceeds this share of the square
#: root of the area of the first one. It is at most 0.3 in synthetic hands, over 1 between fingers.
LARGEST_GAP = 1.0
#: Areas are compared only if at least this many bones are fully visible.
FEWEST_BONES = 5
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
        there, adjoin and have areas in proportion.
    """
    return _enough_pairs(dict(bone_shapes(labels, CLASSES)))


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
    near = _gap(bones[first], bones[second]) <= LARGEST_GAP
    return near and 1 / AREA_FACTOR < ratio < AREA_FACTOR


def _gap(first: BoneShape, second: BoneShape) -> float:
    """Distance of the nearest ends, as a share of the square root of the area of the first bone."""
    between = first.ends[:, None] - second.ends[None]
    return float(np.linalg.norm(between, axis=-1).min() / np.sqrt(first.area))


def check_hand(labels: np.ndarray) -> tuple[str, ...]:
    """Find what a human reader should look at in the labels of a hand.

    The flags name missing bones, bones in several separate parts, bones of a finger that are not in
    order from tip to wrist, metacarpals that are not side by side in order, and bones whose areas
    are far from the proportions of a hand. Labels of two hands, or of none, are flagged as such.
    Nothing is changed.

    Args:
        labels: Packed map of the 29 bones, int32 (H, W).

    Returns:
        One sentence per flag, none for a plausible hand.
    """
    bones = dict(bone_shapes(labels, CLASSES))
    if not bones:
        return ('no bone was found',)
    pieces = _pieces(bones)
    if len(pieces) > TWO_HANDS * len(bones):
        return (f'{len(pieces)} bones are in several places: are these two hands?',)
    flags = [] if _enough_pairs(bones) else [NO_HAND]
    missing = [name for name in CLASSES if name not in bones]
    if missing:
        flags.append(f'missing: {", ".join(missing)}')
    flags.extend(pieces)
    flags.extend(flag for _, flag in misplaced_bones(bones))
    flags.extend(_proportions(bones))
    return tuple(flags)


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
    for ray, names in RAYS.items():
        flags.extend(_order(bones, names, f'the {ray}', called))
        flags.extend(_gaps(bones, names, ray, called))
    flags.extend(_order(bones, METACARPALS, 'the metacarpals', called))
    return flags


def _pieces(bones: Mapping[str, BoneShape]) -> list[str]:
    """Find bones in several separate parts."""
    flags = []
    for name, bone in bones.items():
        count = int((bone.pieces >= PIECE_SHARE * bone.pieces.max()).sum())
        if count > 1:
            flags.append(f'{name} is in {count} separate places')
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
    bones: Mapping[str, BoneShape], names: Sequence[str], ray: str, called: Mapping[str, str]
) -> list[tuple[tuple[str, ...], str]]:
    """Find neighbours in a finger that are too far apart."""
    flags: list[tuple[tuple[str, ...], str]] = []
    for first, second in pairwise(names):
        if first not in bones or second not in bones:
            continue
        if _gap(bones[first], bones[second]) > LARGEST_GAP:
            text = f'the {ray}: {called[first]} and {called[second]} lie apart'
            flags.append(((first, second), text))
    return flags


def _proportions(bones: Mapping[str, BoneShape]) -> list[str]:
    """Find bones that are much larger or smaller than expected from the others."""
    whole = [
        name for name, bone in bones.items() if name not in FOREARM and not bone.touches_border
    ]
    if len(whole) < FEWEST_BONES:
        return []
    ratios = np.array([bones[name].area / TYPICAL_AREAS[name] for name in whole])
    ratios /= np.median(ratios)
    flags = []
    for name, ratio in zip(whole, ratios, strict=True):
        if not 1 / AREA_FACTOR < ratio < AREA_FACTOR:
            flags.append(f'{name} has {ratio:.2g} times the area expected from the other bones')
    return flags
