"""Areas of the bones of a hand in proportion to each other."""

from collections.abc import Mapping

import numpy as np

from handbone.bones import CLASSES, FOREARM

from .bone_shapes import BoneShape

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
#: The second part of a bone that is drawn twice has at least this share of the area of its largest
#: part. Epiphyses of fingers have up to 0.2 of their shaft in synthetic hands.
TWIN_SHARE = 0.4
#: Areas are compared only if at least this many bones are fully visible.
FEWEST_BONES = 5


def relative_areas(bones: Mapping[str, BoneShape]) -> dict[str, float]:
    """Compare the area of each bone with what the other bones let expect.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        The area of each bone that is fully visible, as a multiple of what is expected; nothing if
        these are fewer than :data:`FEWEST_BONES`. The forearm is left out.
    """
    whole = [
        name for name, bone in bones.items() if name not in FOREARM and not bone.touches_border
    ]
    if len(whole) < FEWEST_BONES:
        return {}
    ratios = np.array([bones[name].area / TYPICAL_AREAS[name] for name in whole])
    return dict(zip(whole, (ratios / np.median(ratios)).tolist(), strict=True))


def drawn_twice(bones: Mapping[str, BoneShape]) -> tuple[str, ...]:
    """Find bones that have two parts of which either could be the bone.

    A network draws the bone beside the right one too where fingers are spread wide. An epiphysis is
    no such part, as it is much smaller than its shaft, nor is one half of a bone that something
    parts, as both halves together have the area of the bone.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        The names of bones whose second part has at least :data:`TWIN_SHARE` of the area of the
        largest one, where the largest part alone is nearer to the expected area than the whole, as
        ratios; in class order, without those that :func:`relative_areas` leaves out.
    """
    twice = []
    for name, ratio in relative_areas(bones).items():
        parts = np.sort(bones[name].pieces)
        largest = ratio * float(parts[-1]) / bones[name].area
        twins = len(parts) > 1 and parts[-2] >= TWIN_SHARE * parts[-1]
        if twins and largest * ratio > 1:
            twice.append(name)
    return tuple(twice)
