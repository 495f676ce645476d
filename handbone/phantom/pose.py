"""The pose of a hand on the detector."""

from dataclasses import dataclass

import numpy as np

from handbone.phantom.settings import PhantomSettings, Range


@dataclass(frozen=True)
class Pose:
    """Angles of the joints in degrees, positive to the ulnar side, and position in the image.

    Args:
        fingers: 'open', 'closed' (touching) or 'crossed' (bones of neighbours overlap).
        finger_angles: Directions of the phalanges of index to little finger, relative to the long
            axis of the hand, shape (4, 3): proximal, middle and distal.
        finger_flexion: Flexion of the same phalanges towards the detector, shape (4, 3).
        thumb_angles: Directions of metacarpal, proximal and distal phalanx of the thumb.
        thumb_flexion: Flexion of these bones.
        bent: Whether the wrist is bent.
        bend: Bend of the wrist in the plane: negative if the hand points to the ulnar side of
            the forearm, positive where it points to the thumb side.
        tilt: Flexion of the carpus out of the plane, which foreshortens it.
        turn: Turn of the hand in the image, clockwise.
        fill: Share of the frame that the hand fills.
        place: Position of the hand in the free space of the image, (0, 0) top left to (1, 1).
    """

    fingers: str
    finger_angles: np.ndarray
    finger_flexion: np.ndarray
    thumb_angles: np.ndarray
    thumb_flexion: np.ndarray
    bent: bool
    bend: float
    tilt: float
    turn: float
    fill: float
    place: tuple[float, float]


def sample_pose(rng: np.random.Generator, settings: PhantomSettings) -> Pose:
    """Draw a pose.

    Args:
        rng: Source of randomness.
        settings: Distributions to draw from.

    Returns:
        The pose.
    """
    chance = rng.random()
    fingers = 'open'
    if chance < settings.closed_fingers_rate + settings.crossed_fingers_rate:
        fingers = 'closed' if chance < settings.closed_fingers_rate else 'crossed'
    flexion = np.abs(rng.normal(size=(4, 3))) * (0.15, 0.35, 0.3) * settings.finger_flexion
    if rng.random() < settings.bent_fingers_rate:
        flexion += rng.uniform(0.2, 1.0) * settings.finger_flexion
    bent = bool(rng.random() < settings.bent_wrist_rate)
    bend, tilt = _sample_wrist(rng, settings, bent)
    turn = rng.uniform(-settings.turn, settings.turn)
    if bent and rng.random() < 0.8:
        # The arm reaches the detector at an angle, so hand and forearm share the bend.
        turn = -np.copysign(turn, bend)
    thumb = rng.uniform(*(settings.thumb_angle if fingers == 'open' else (-38.0, -22.0)))
    proximal = thumb + rng.uniform(4.0, 24.0)
    return Pose(
        fingers=fingers,
        finger_angles=_sample_fingers(rng, fingers, settings.finger_spread),
        finger_flexion=np.minimum(flexion, 1.6 * settings.finger_flexion),
        thumb_angles=np.array([thumb, proximal, proximal + rng.uniform(-12.0, 16.0)]),
        thumb_flexion=np.abs(rng.normal(size=3)) * (0.25, 0.5, 0.6) * settings.finger_flexion,
        bent=bent,
        bend=float(bend),
        tilt=float(tilt),
        turn=float(turn),
        fill=float(rng.uniform(*settings.fill)),
        place=_sample_place(rng),
    )


def _sample_place(rng: np.random.Generator) -> tuple[float, float]:
    x, y = rng.random((2, 2)).mean(axis=1).tolist()
    return x, y


def _sample_wrist(
    rng: np.random.Generator, settings: PhantomSettings, bent: bool
) -> tuple[float, float]:
    """Draw bend and tilt; the wrist bends less towards the thumb than away from it."""
    if not bent:
        return rng.uniform(-settings.straight_bend, settings.straight_bend), rng.uniform(0.0, 18.0)
    bend = rng.uniform(*settings.bend)
    ulnar = bend > 30.0 or rng.random() < 0.7
    return (-bend if ulnar else bend), rng.uniform(8.0, 34.0)


def _sample_fingers(rng: np.random.Generator, fingers: str, spread: Range) -> np.ndarray:
    """Draw the directions of the phalanges of four fingers, shape (4, 3)."""
    if fingers == 'open':
        proximal = (
            rng.uniform(*spread) * np.array([-13.0, -2.0, 8.5, 20.0]) + rng.normal(size=4) * 2.0
        )
    else:
        proximal = np.array([3.5, 0.5, -1.5, -2.0]) + rng.normal(size=4) * 0.8
    if fingers == 'crossed':
        pair = int(rng.integers(0, 3))
        proximal[pair] += rng.uniform(4.0, 9.0)
        proximal[pair + 1] -= rng.uniform(4.0, 9.0)
    proximal += rng.normal() * 2.0
    middle = proximal + rng.normal(size=4) * 2.2 + (1.0, 0.0, -1.0, -3.0)
    distal = middle + rng.normal(size=4) * 2.8 + (1.0, 0.5, -1.0, -2.0)
    return np.stack([proximal, middle, distal], axis=1)
