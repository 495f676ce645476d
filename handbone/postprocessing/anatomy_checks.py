"""What is odd about the bones of a hand: flags for a reader, labels stay as they are."""

from collections.abc import Mapping, Sequence

import numpy as np

from handbone.bones import CLASSES, FOREARM, RAYS

from .bone_shapes import BoneShape, bone_shapes

#: Typical area of each bone, as a share of the median bone's, in the order of the fingers and then
#: the carpals: medians of 200 synthetic hands (:mod:`handbone.phantom`). How much of the forearm is
#: seen depends on the picture, so its bones have none.
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
#: Factor from the typical area at which a bone is odd; those of the synthetic hands stay within
#: 1.8, and a wrist that is turned or bent shows its bones smaller than they are.
AREA_FACTOR = 3.0
#: Share of the largest part of a bone from which on another part is one that should not be.
PIECE_SHARE = 0.1
#: Gap between the ends of neighbours in a finger, as a share of the root of the first one's area,
#: at which they do not belong together; 0.3 at most in synthetic hands, over 1 between fingers.
GAP = 1.0
#: Bones that must be there for their typical area to be known.
LEAST_BONES = 5
#: Lie side by side, from the index to the little finger.
METACARPALS = tuple(bones[-1] for ray, bones in RAYS.items() if ray != 'thumb')


def flags_of(labels: np.ndarray, classes: Sequence[str]) -> tuple[str, ...]:
    """Check labels if they are those of a hand.

    Args:
        labels: Packed map, int32, (H, W), or (H, W, P) for more than 31 classes.
        classes: Names in class order.

    Returns:
        The flags of :func:`check_hand` where the classes are :data:`handbone.bones.CLASSES`; none
        for other classes.
    """
    return check_hand(labels) if tuple(classes) == CLASSES else ()


def check_hand(labels: np.ndarray) -> tuple[str, ...]:
    """Find what a reader should look at in the labels of a hand.

    Flagged are missing bones, bones in several separate parts, bones of a finger that do not follow
    each other from tip to wrist, metacarpals that do not lie side by side in their order, and areas
    far from the proportions of a hand. Nothing is changed.

    Args:
        labels: Packed map of the 29 bones, int32 (H, W).

    Returns:
        One sentence each, none where nothing is odd.
    """
    bones = dict(bone_shapes(labels, CLASSES))
    if not bones:
        return ('no bone was found',)
    flags = []
    missing = [name for name in CLASSES if name not in bones]
    if missing:
        flags.append(f'missing: {", ".join(missing)}')
    flags.extend(_pieces(bones))
    for ray, names in RAYS.items():
        flags.extend(_order(bones, names, f'the {ray}'))
        flags.extend(_gaps(bones, names, ray))
    flags.extend(_order(bones, METACARPALS, 'the metacarpals'))
    flags.extend(_proportions(bones))
    return tuple(flags)


def _pieces(bones: Mapping[str, BoneShape]) -> list[str]:
    """Find bones of which there seem to be two."""
    flags = []
    for name, bone in bones.items():
        count = int((bone.pieces >= PIECE_SHARE * bone.pieces.max()).sum())
        if count > 1:
            flags.append(f'{name} is in {count} separate places')
    return flags


def _order(bones: Mapping[str, BoneShape], names: Sequence[str], row: str) -> list[str]:
    """Find a row of bones whose centres turn back on the way from first to last."""
    there = [name for name in names if name in bones]
    centres = np.array([bones[name].centre for name in there]).reshape(-1, 2)
    steps = np.diff(centres, axis=0)
    if all(before @ after > 0 for before, after in zip(steps, steps[1:], strict=False)):
        return []
    return [f'{row}: {", ".join(there)} do not follow each other in this order']


def _gaps(bones: Mapping[str, BoneShape], names: Sequence[str], ray: str) -> list[str]:
    """Find neighbours in a finger that lie apart."""
    flags = []
    for first, second in zip(names, names[1:], strict=False):
        if first not in bones or second not in bones:
            continue
        between = bones[first].ends[:, None] - bones[second].ends[None]
        gap = np.linalg.norm(between, axis=-1).min()
        if gap > GAP * np.sqrt(bones[first].area):
            flags.append(f'the {ray}: {first} and {second} lie apart')
    return flags


def _proportions(bones: Mapping[str, BoneShape]) -> list[str]:
    """Find bones that are much larger or smaller than the others say."""
    whole = [
        name for name, bone in bones.items() if name not in FOREARM and not bone.touches_border
    ]
    if len(whole) < LEAST_BONES:
        return []
    ratios = np.array([bones[name].area / TYPICAL_AREAS[name] for name in whole])
    ratios /= np.median(ratios)
    flags = []
    for name, ratio in zip(whole, ratios, strict=True):
        if not 1 / AREA_FACTOR < ratio < AREA_FACTOR:
            flags.append(f'{name} has {ratio:.2g} times the area that the other bones let expect')
    return flags
