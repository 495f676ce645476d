"""Bones in several places of an image, and the two hands to which they may belong."""

from collections.abc import Mapping

import numpy as np

from .bone_shapes import BoneShape

#: A second part of a bone counts from this share of the area of its largest part.
PIECE_SHARE = 0.1
#: Share of the bones in several places above which these may be two hands.
TWO_HANDS = 0.5
#: Two hands have at least this many bones in several places.
FEWEST_DISPLACED = 10
#: Bones are displaced alike if their displacement is within this share of the median one: fingers
#: lie on other sides of two hands, and one hand may be turned. It is below 0.6 in synthetic films
#: of two hands.
DISPLACEMENT_SPREAD = 0.75
#: Share of the bones in several places that are displaced alike in films of two hands: at least
#: 0.93 in synthetic ones, at most 0.75 of 20 bones that lie anywhere.
DISPLACED_ALIKE = 0.8


def several_places(bones: Mapping[str, BoneShape]) -> dict[str, int]:
    """Find bones whose parts are far apart, in relation to the size of the bone.

    The parts of one place, such as a shaft and its epiphysis, count as one.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        The number of places of each bone that is in more than one.
    """
    counts = {
        name: int((bone.places >= PIECE_SHARE * bone.places.max()).sum())
        for name, bone in bones.items()
    }
    return {name: count for name, count in counts.items() if count > 1}


def are_two_hands(bones: Mapping[str, BoneShape]) -> bool:
    """Tell whether bones are those of two hands.

    Args:
        bones: Shape of each bone that is there.

    Returns:
        Whether at least :data:`FEWEST_DISPLACED` bones, and more than :data:`TWO_HANDS` of all, are
        in several places, and :data:`DISPLACED_ALIKE` of these lie alike: from one hand to the
        other is about as far, in about the same direction, for all of them.
    """
    several = several_places(bones)
    if len(several) < FEWEST_DISPLACED or len(several) <= TWO_HANDS * len(bones):
        return False
    moves = np.array([_displacement(bones[name]) for name in several])
    directions = moves / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-9)
    _, axes = np.linalg.eigh(directions.T @ directions)
    # which part is larger is chance, so displacements count in both directions
    moves *= np.where(moves @ axes[:, 1] < 0, -1, 1)[:, None]
    usual = np.median(moves, axis=0)
    apart = np.linalg.norm(moves - usual, axis=1)
    alike = apart < DISPLACEMENT_SPREAD * np.linalg.norm(usual)
    return bool(alike.mean() >= DISPLACED_ALIKE)


def _displacement(bone: BoneShape) -> np.ndarray:
    """The way from the centre of the largest place to that of the second one."""
    first, second = np.argsort(-bone.places, kind='stable')[:2]
    return np.asarray(bone.place_centres[second] - bone.place_centres[first])
