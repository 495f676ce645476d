"""The individual shape of a patient's bones, shared by the right and the left hand."""

from dataclasses import dataclass, field

import numpy as np

from handbone.bones import CARPALS, FOREARM
from handbone.phantom.outlines import (
    CARPAL_OUTLINES,
    CARPAL_RELIEFS,
    FOREARM_OUTLINES,
    LONG_BONES,
    LongBone,
    long_bone_controls,
)
from handbone.phantom.patient import Patient
from handbone.phantom.settings import PhantomSettings


@dataclass(frozen=True)
class Anatomy:
    """Shape of one patient's hand skeleton, in millimetres.

    Args:
        scale: Size relative to the tables, already part of every outline.
        controls: Control points by bone: carpals and forearm in the frame of the hand, long bones
            in their own frame (u along the axis, v across).
        reliefs: Prominences and far sides of each carpal, as control points within its outline.
        long_bones: Size of each long bone.
        metacarpal_angles: Directions of metacarpals 2 to 5, in degrees towards the ulnar side.
        cortex: Thickness of the shaft cortex relative to the half width, 0 to 1.
        density: Attenuation of bone relative to a young adult.
        flesh: Thickness of soft tissue relative to a lean hand.
        joint_gap: Width of the finger joints in millimetres.
        growth_plates: Whether growth plates are open.
        sesamoids: Whether sesamoids lie at the head of the first metacarpal, of the second and of
            the fifth.
        epiphyses: Control points of separate epiphyses by bone, in the frame of that bone.
    """

    scale: float
    controls: dict[str, np.ndarray]
    reliefs: dict[str, list[np.ndarray]]
    long_bones: dict[str, LongBone]
    metacarpal_angles: tuple[float, ...]
    cortex: float
    density: float
    flesh: float
    joint_gap: float
    growth_plates: bool
    sesamoids: tuple[bool, bool, bool]
    epiphyses: dict[str, np.ndarray] = field(default_factory=dict)


def sample_anatomy(
    rng: np.random.Generator, patient: Patient, settings: PhantomSettings
) -> Anatomy:
    """Draw the shapes of the bones of a patient.

    Args:
        rng: Source of randomness.
        patient: The patient.
        settings: Distributions to draw from.

    Returns:
        The shape of the skeleton.
    """
    variation = settings.shape_variation

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
    reliefs = {}
    for label in CARPALS:
        shapes = [CARPAL_OUTLINES[label]]
        shapes += [CARPAL_RELIEFS[label]] if label in CARPAL_RELIEFS else []
        varied = _vary_carpal(rng, shapes, scale, variation, label == 'Pisiform')
        controls[label], far_side = varied[0], varied[0].mean(axis=0)
        shrink = rng.uniform(0.62, 0.82)
        far_side = far_side + (varied[0] - far_side) * shrink + normal_points(rng, 1, 0.5 * scale)
        reliefs[label] = [far_side, *varied[1:]]
    ulnar_variance = normal(1.1) - 0.3
    for label in FOREARM:
        points = np.array(FOREARM_OUTLINES[label])
        points[:, 1] += ulnar_variance if label == 'Ulna' else 0.0
        controls[label] = points * scale + normal_points(rng, len(points), 0.35 * scale * variation)
    mass_index = patient.weight / (patient.height / 100.0) ** 2
    return Anatomy(
        scale=scale,
        controls=controls,
        reliefs=reliefs,
        long_bones=long_bones,
        metacarpal_angles=tuple(a + normal(1.6) for a in (-12.0, -3.0, 7.0, 16.5)),
        cortex=float(np.clip(0.56 * (1.0 - patient.bone_loss) + normal(0.05), 0.2, 0.72)),
        density=(1.0 - 0.5 * patient.bone_loss) * (1.0 + normal(0.06)),
        flesh=float(np.clip((mass_index / 22.5) ** 0.5, 0.85, 1.3)),
        joint_gap=float(np.clip(1.3 - 0.8 * patient.bone_loss + normal(0.2), 0.5, 1.8)),
        growth_plates=patient.growing,
        sesamoids=(
            rng.random() < settings.thumb_sesamoids_rate,
            rng.random() < settings.index_sesamoid_rate,
            rng.random() < settings.little_sesamoid_rate,
        ),
    )


def normal_points(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Draw displacements of control points, limited to two standard deviations.

    Args:
        rng: Source of randomness.
        count: Number of points.
        spread: Standard deviation in millimetres.

    Returns:
        Displacements, float array of shape (count, 2).
    """
    return np.clip(rng.normal(size=(count, 2)), -2.0, 2.0) * spread


def _vary_carpal(
    rng: np.random.Generator,
    shapes: list[list[tuple[float, float]]],
    scale: float,
    variation: float,
    free: bool,
) -> list[np.ndarray]:
    """Rotate, stretch, shift and dent the shapes of a carpal; the pisiform moves more freely."""
    centre = np.mean(shapes[0], axis=0) * scale
    turn = np.radians(rng.normal() * (12.0 if free else 3.5)) * variation
    stretch = 1.0 + np.clip(rng.normal(size=2), -2.0, 2.0) * 0.05 * variation
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shift = normal_points(rng, 1, (1.6 if free else 0.55) * scale * variation)
    return [
        (np.array(shape) * scale - centre) * stretch @ rotation
        + centre
        + shift
        + normal_points(rng, len(shape), 0.38 * scale * variation)
        for shape in shapes
    ]
