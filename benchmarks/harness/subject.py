"""The subject of the mask benchmarks: the outlines of a hand's 29 bones at 2048 x 2048.

Plain arithmetic on a few joint positions, without a random number, so every run and every machine
measures the same work: long bones with flared ends, rounded carpals that overlap, together about
a sixth of the frame.
"""

from functools import cache

import cv2
import numpy as np

from handbone.bones import CLASSES, RAYS
from handbone.masks import pack

SIZE = 2048
LOGIT_SIZE = 384

#: Joints of each ray from the fingertip to the wrist, in 1/1000 of the frame.
JOINTS = {
    'thumb': [(150, 480), (205, 560), (280, 655), (400, 790)],
    'index': [(320, 130), (335, 210), (355, 310), (388, 470), (450, 755)],
    'middle': [(475, 70), (478, 165), (482, 275), (490, 450), (500, 752)],
    'ring': [(630, 125), (618, 215), (602, 320), (575, 485), (547, 762)],
    'little': [(775, 270), (752, 340), (722, 420), (672, 545), (585, 775)],
}
#: Half widths of the bones of a ray, from the fingertip to the wrist.
HALF_WIDTHS = {3: (24, 29, 33), 4: (21, 25, 29, 32)}

#: Centre, half axes and turn in degrees of each carpal.
CARPALS = {
    'Trapezium': (408, 782, 40, 33, 30),
    'Trapezoid': (450, 774, 31, 28, 10),
    'Capitate': (503, 790, 34, 48, 0),
    'Hamate': (560, 792, 40, 42, -20),
    'Scaphoid': (440, 830, 38, 50, 35),
    'Lunate': (508, 848, 40, 34, 10),
    'Triquetrum': (570, 840, 36, 31, -30),
    'Pisiform': (590, 828, 23, 26, 0),
}
FOREARM = {'Radius': ((462, 860), (470, 999), 64), 'Ulna': ((576, 862), (556, 999), 40)}


def _long_bone(start: np.ndarray, end: np.ndarray, half_width: float) -> np.ndarray:
    """Outline a bone with flared ends between two joints, 96 points."""
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    angle = np.arange(96) * (2 * np.pi / 96)
    position = np.cos(angle)  # -1 at the start, 1 at the end
    flare = 0.6 + 0.4 * position**2
    # A high root of the sine keeps the ends blunt, as the ends of phalanges are.
    side = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.45 * flare * half_width
    middle = (start + end) / 2
    reach = np.linalg.norm(end - start) / 2 * 0.97
    return middle + position[:, None] * reach * along + side[:, None] * across


def _carpal(x: float, y: float, across: float, along: float, degrees: float) -> np.ndarray:
    """Outline a carpal bone as a dented ellipse, 64 points."""
    angle = np.arange(64) * (2 * np.pi / 64)
    radius = 1 + 0.07 * np.cos(3 * angle) - 0.04 * np.sin(2 * angle)
    outline = np.stack([across * radius * np.cos(angle), along * radius * np.sin(angle)], axis=1)
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return outline @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def outlines() -> list[tuple[int, np.ndarray]]:
    """Make the outlines of the 29 bones.

    Returns:
        Pairs of a class index and points (n, 2) as x, y, whole pixels of a 2048 x 2048 frame.
    """
    bones = {}
    for ray, joints in JOINTS.items():
        names = RAYS[ray]
        for name, start, end, half_width in zip(
            names, joints[:-1], joints[1:], HALF_WIDTHS[len(names)], strict=True
        ):
            bones[name] = _long_bone(np.array(start, float), np.array(end, float), half_width)
    for name, carpal in CARPALS.items():
        bones[name] = _carpal(*carpal)
    for name, (start, end, half_width) in FOREARM.items():
        bones[name] = _long_bone(np.array(start, float), np.array(end, float), half_width)
    return [
        (index, np.rint(bones[name] * (SIZE / 1000)).astype(np.int32))
        for index, name in enumerate(CLASSES)
    ]


@cache
def planes(size: int = SIZE, shift: int = 0) -> np.ndarray:
    """Draw the bones the plane-per-class way.

    Args:
        size: Height and width of the frame.
        shift: Pixels of the 2048 frame by which the bones are moved to the right.

    Returns:
        uint8 0 or 1, (29, size, size).
    """
    masks = np.zeros((len(CLASSES), size, size), np.uint8)
    for index, points in outlines():
        moved = np.rint((points + (shift, 0)) * (size / SIZE)).astype(np.int32)
        cv2.fillPoly(masks[index], [moved], 1)
    return masks


@cache
def packed(size: int = SIZE, shift: int = 0) -> np.ndarray:
    """Pack the bones.

    Args:
        size: Height and width of the frame.
        shift: Pixels of the 2048 frame by which the bones are moved to the right.

    Returns:
        Packed map, int32 (size, size).
    """
    return pack(planes(size, shift))


@cache
def logits(size: int = LOGIT_SIZE) -> np.ndarray:
    """Make the logits that a trained network would give: smooth, sure inside and outside.

    Args:
        size: Height and width of the logits.

    Returns:
        float32 (29, size, size), about -6 to 6.
    """
    soft = np.empty((len(CLASSES), size, size), np.float32)
    for index, mask in enumerate(planes()):
        small = cv2.resize(mask.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        soft[index] = cv2.GaussianBlur(small, (0, 0), 1.0)
    return soft * 12 - 6
