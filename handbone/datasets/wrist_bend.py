"""How far a wrist is bent, measured from the labels of a hand."""

from collections.abc import Sequence

import cv2
import numpy as np

from handbone.bones import FOREARM, METACARPALS, bone_names

from .polygons import Polygons

#: The third metacarpal.
METACARPAL = METACARPALS[2]
#: Wrists that are bent by more degrees than this count as bent.
BENT = 13.0
#: Edges of the forearm within this many degrees of its likely axis tell its direction, then those
#: within ever fewer of the direction found: shafts are parallel, joints and cut ends are not.
WINDOWS = (50.0, 50.0, 20.0, 12.0)


def wrist_bend(polygons: Polygons, classes: Sequence[str]) -> float:
    """Measure the angle between the axes of the forearm and of the third metacarpal.

    The axis of the metacarpal is that of its largest spread. The axis of the forearm is the
    direction of most of the outlines of radius and ulna, whose ends may be cut by the image.

    Args:
        polygons: The polygons of an image.
        classes: Class names in order.

    Returns:
        Degrees, positive where the hand points to the side of the ulna; NaN if one of the bones is
        not there.
    """
    bones = _largest_polygons(polygons, classes)
    if len(bones) < 3:
        return np.nan
    metacarpal, radius, ulna = (bones[name] for name in ('hand', *FOREARM))
    centres = [_moments(outline)[0] for outline in (metacarpal, radius, ulna)]
    likely = centres[0] - (centres[1] + centres[2]) / 2
    forearm = _edge_direction([radius, ulna], float(np.arctan2(likely[1], likely[0])))
    hand = _moments(metacarpal)[1]
    bend = (hand - forearm + np.pi / 2) % np.pi - np.pi / 2
    to_ulna = centres[2] - centres[1]
    turned = np.cos(forearm) * to_ulna[1] - np.sin(forearm) * to_ulna[0]
    return float(np.rad2deg(bend) * np.sign(turned))


def _largest_polygons(polygons: Polygons, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """Find the largest polygon of each bone that is there and has an area, (n, 2) float32.

    The third metacarpal is called ``hand``.
    """
    wanted = {METACARPAL: 'hand'} | {name: name for name in FOREARM}
    names = bone_names(classes)
    found: dict[str, tuple[float, np.ndarray]] = {}
    for index, outline in polygons.split():
        name = wanted.get(names[index], '')
        area = cv2.contourArea(np.ascontiguousarray(outline)) if name else 0.0
        if area > found.get(name, (0.0,))[0]:
            found[name] = area, outline
    return {name: outline for name, (_, outline) in found.items()}


def _moments(outline: np.ndarray) -> tuple[np.ndarray, float]:
    """Measure the centre (x, y) of a polygon, and the direction of its axis in radians."""
    found = cv2.moments(np.ascontiguousarray(outline))
    centre = np.array([found['m10'], found['m01']]) / found['m00']
    return centre, 0.5 * float(np.arctan2(2 * found['mu11'], found['mu20'] - found['mu02']))


def _edge_direction(outlines: Sequence[np.ndarray], likely: float) -> float:
    """Find the direction in radians, near the likely one, that most of the outlines have."""
    edges = np.concatenate([np.roll(each, -1, axis=0) - each for each in outlines])
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    off = (np.arctan2(edges[:, 1], edges[:, 0]) - likely + np.pi / 2) % np.pi - np.pi / 2
    middle = 0.0
    for window in WINDOWS:
        near = np.abs(off - middle) < np.deg2rad(window)
        if not lengths[near].any():
            break
        off, lengths = off[near], lengths[near]
        order = np.argsort(off, kind='stable')
        reached = np.cumsum(lengths[order])
        middle = float(off[order][np.searchsorted(reached, reached[-1] / 2)])
    return likely + middle
