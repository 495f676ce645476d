"""Where the wrist joint is in a packed label map, and how the forearm lies."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.regions import masses_of_labels

#: Longest side, in pixels, at which the labels are measured.
MEASURED = 256


class Wrist(NamedTuple):
    """The joint between hand and forearm, in pixels of the image.

    Attributes:
        centre: x, y of the middle of the carpals, about which the hand turns.
        hand: Direction of the metacarpals from there, in radians, clockwise as the image is seen.
        forearm: That of the forearm.
        ulnar: 1 where turning the hand by a positive angle, clockwise as the image is seen, brings
            it to the side of the last bone of the forearm; else -1.
        radius: That of a disc with the area of the carpals.
    """

    centre: np.ndarray
    hand: float
    forearm: float
    ulnar: int
    radius: float


def find_wrist(
    packed: np.ndarray,
    num_classes: int,
    carpals: Sequence[int],
    forearm: Sequence[int],
    metacarpals: Sequence[int],
) -> Wrist | None:
    """Find the wrist of a hand.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes.
        carpals: Classes of the wrist.
        forearm: Classes of the radius and the ulna.
        metacarpals: Classes of the middle hand.

    Returns:
        The wrist, or None if more than half of the carpals, all metacarpals or a bone of the
        forearm are not in the image.
    """
    step = max(1, max(packed.shape[:2]) // MEASURED)
    small = np.ascontiguousarray(packed[::step, ::step])
    masses = masses_of_labels(small, num_classes)
    centroids, areas = masses.centroids[0].numpy() * step, masses.areas[0].numpy() * step**2
    there = [index for index in carpals if areas[index] > 0]
    hand = [index for index in metacarpals if areas[index] > 0]
    if 2 * len(there) < len(carpals) or not hand or not all(areas[forearm] > 0):
        return None
    centre = np.average(centroids[there], axis=0, weights=areas[there]).astype(np.float64)
    across = centroids[forearm[-1]] - centroids[forearm[0]]
    arm = centroids[forearm].mean(axis=0) - centre
    # y points down, so a positive angle turns what points away from the arm to (arm y, -arm x)
    ulnar = 1 if arm[1] * across[0] - arm[0] * across[1] > 0 else -1
    return Wrist(
        centre,
        _direction(centroids[hand].mean(axis=0) - centre),
        _direction(arm),
        ulnar,
        float(np.sqrt(areas[there].sum() / np.pi)),
    )


def _direction(vector: np.ndarray) -> float:
    return float(np.arctan2(vector[1], vector[0]))
