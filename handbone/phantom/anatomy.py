"""The individual shape of a patient's bones, shared by the right and the left hand."""

from dataclasses import dataclass

import numpy as np

from handbone.bones import CARPALS, FOREARM
from handbone.phantom.outlines import (
    CARPAL_OUTLINES,
    FOREARM_OUTLINES,
    LONG_BONES,
    LongBone,
    long_bone_controls,
)
from handbone.phantom.patient import Patient


@dataclass(frozen=True)
class Anatomy:
    """Shape of one patient's hand skeleton, in millimetres.

    Args:
        scale: Size relative to the tables, already part of every outline.
        controls: Control points by bone: carpals and forearm in the frame of the hand, long bones
            in their own frame (u along the axis, v across).
        long_bones: Size of each long bone.
        metacarpal_angles: Directions of metacarpals 2 to 5, in degrees towards the ulnar side.
        cortex: Thickness of the shaft cortex relative to the half width, 0 to 1.
        density: Attenuation of bone relative to a young adult.
        flesh: Thickness of soft tissue relative to a lean hand.
        growth_plates: Whether growth plates are open.
        sesamoids: Whether sesamoids lie at the head of the first metacarpal, of the second and of
            the fifth.
    """

    scale: float
    controls: dict[str, np.ndarray]
    long_bones: dict[str, LongBone]
    metacarpal_angles: tuple[float, ...]
    cortex: float
    density: float
    flesh: float
    growth_plates: bool
    sesamoids: tuple[bool, bool, bool]


def sample_anatomy(rng: np.random.Generator, patient: Patient, variation: float) -> Anatomy:
    """Draw the bones of a patient.

    Args:
        rng: Source of randomness.
        patient: Whose bones.
        variation: Factor on all random variation, 0 for the tables themselves.

    Returns:
        The shape of the skeleton.
    """

    def normal(spread: float) -> float:
        return float(np.clip(rng.normal(), -2.2, 2.2)) * spread * variation

    scale = patient.hand_scale * (1.0 + normal(0.025))
    robust = (1.0 if patient.sex == 'M' else 0.955) * (1.0 + normal(0.04))
    long_bones, controls = {}, {}
    for label, bone in LONG_BONES.items():
        width = scale * robust * (1.0 + normal(0.025))
        long_bones[label] = LongBone(
            bone.kind,
            bone.length * scale * (1.0 + normal(0.028)),
            bone.base * width * (1.0 + normal(0.02)),
            bone.shaft * width * (1.0 + normal(0.03)),
            bone.head * width * (1.0 + normal(0.02)),
        )
        points = long_bone_controls(long_bones[label])
        controls[label] = points + normal_points(rng, len(points), 0.13 * scale * variation)
    for label in CARPALS:
        points = np.array(CARPAL_OUTLINES[label]) * scale
        controls[label] = _vary_carpal(rng, points, scale, variation, label == 'Pisiform')
    ulnar_variance = normal(1.1) - 0.3
    for label in FOREARM:
        points = np.array(FOREARM_OUTLINES[label])
        points[:, 1] += ulnar_variance if label == 'Ulna' else 0.0
        controls[label] = points * scale + normal_points(rng, len(points), 0.35 * scale * variation)
    return Anatomy(
        scale=scale,
        controls=controls,
        long_bones=long_bones,
        metacarpal_angles=tuple(a + normal(1.6) for a in (-12.0, -3.0, 7.0, 16.5)),
        cortex=float(np.clip(0.56 * (1.0 - patient.bone_loss) + normal(0.05), 0.2, 0.72)),
        density=(1.0 - 0.5 * patient.bone_loss) * (1.0 + normal(0.06)),
        flesh=float(
            np.clip((patient.weight / (patient.height / 100.0) ** 2 / 22.5) ** 0.5, 0.85, 1.3)
        ),
        growth_plates=patient.growing,
        sesamoids=(rng.random() < 0.95, rng.random() < 0.45, rng.random() < 0.6),
    )


def normal_points(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Draw displacements of control points, cut at two standard deviations.

    Args:
        rng: Source of randomness.
        count: Number of points.
        spread: Standard deviation in millimetres.

    Returns:
        Displacements, float array of shape (count, 2).
    """
    return np.clip(rng.normal(size=(count, 2)), -2.0, 2.0) * spread


def _vary_carpal(
    rng: np.random.Generator, points: np.ndarray, scale: float, variation: float, pisiform: bool
) -> np.ndarray:
    """Turn, stretch, shift and dent a carpal; the pisiform is a sesamoid and lies more freely."""
    centre = points.mean(axis=0)
    turn = np.radians(rng.normal() * (12.0 if pisiform else 3.5)) * variation
    stretch = 1.0 + np.clip(rng.normal(size=2), -2.0, 2.0) * 0.05 * variation
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shift = normal_points(rng, 1, (1.6 if pisiform else 0.55) * scale * variation)
    dents = normal_points(rng, len(points), 0.38 * scale * variation)
    return (points - centre) * stretch @ rotation + centre + shift + dents
