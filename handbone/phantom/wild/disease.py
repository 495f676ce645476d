"""Disease and injury: thin or dense bones, worn joints, drifted fingers, erosions, amputations."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from handbone.bones import RAYS
from handbone.phantom.anatomy import Anatomy
from handbone.phantom.frame import Frame
from handbone.phantom.pose import Pose
from handbone.phantom.skeleton import Skeleton
from handbone.phantom.wild.film import uniform, whole
from handbone.phantom.wild.settings import DiseaseSettings
from handbone.phantom.wild.windows import cut_at_line


@dataclass(frozen=True)
class Amputation:
    """A finger that ends too early.

    Args:
        ray: Name of the ray.
        label: The bone that is cut.
        place: Where it is cut, from its base (0) to its head (1).
    """

    ray: str
    label: str
    place: float


def change_anatomy(anatomy: Anatomy, rng: np.random.Generator, disease: DiseaseSettings) -> Anatomy:
    """Change density, thickness and joints of a patient's hands.

    Args:
        anatomy: The healthy hand.
        rng: Source of randomness.
        disease: Distributions of diseases.

    Returns:
        The hand of the patient.
    """
    width = uniform(rng, disease.slimness)
    density, cortex = anatomy.density, anatomy.cortex
    if rng.random() < disease.osteopenia_rate:
        loss = uniform(rng, disease.osteopenia)
        density, cortex = density * loss, max(0.12, cortex * loss)
    if rng.random() < disease.dense_rate:
        density *= uniform(rng, disease.dense)
    flesh, joint_gap = anatomy.flesh, anatomy.joint_gap
    if rng.random() < disease.swelling_rate:
        flesh *= uniform(rng, disease.swelling)
    if rng.random() < disease.narrow_joints_rate:
        joint_gap = uniform(rng, disease.narrow_joint_gap)
    long_bones, controls, epiphyses = {}, dict(anatomy.controls), dict(anatomy.epiphyses)
    for label, bone in anatomy.long_bones.items():
        long_bones[label] = bone._replace(
            base=bone.base * width, shaft=bone.shaft * width, head=bone.head * width
        )
        controls[label] = controls[label] * (1.0, width)
        if label in epiphyses:
            epiphyses[label] = epiphyses[label] * (1.0, width)
    return replace(
        anatomy,
        long_bones=long_bones,
        controls=controls,
        epiphyses=epiphyses,
        density=density,
        cortex=cortex,
        flesh=min(flesh, 2.4),
        joint_gap=joint_gap,
    )


def change_pose(pose: Pose, rng: np.random.Generator, disease: DiseaseSettings) -> Pose:
    """Let the fingers drift to the ulnar side.

    Args:
        pose: The pose of a healthy hand.
        rng: Source of randomness.
        disease: Distributions of diseases.

    Returns:
        The pose.
    """
    drift = uniform(rng, disease.ulnar_drift) * rng.uniform(0.7, 1.1, (4, 1))
    if rng.random() >= disease.ulnar_drift_rate:
        return pose
    return replace(pose, finger_angles=pose.finger_angles + drift)


def sample_amputations(rng: np.random.Generator, disease: DiseaseSettings) -> list[Amputation]:
    """Draw the fingers that a hand has lost in part.

    Args:
        rng: Source of randomness.
        disease: Distributions of diseases.

    Returns:
        Amputations of different fingers.
    """
    if rng.random() >= disease.missing_rate:
        return []
    rays = rng.choice(list(RAYS), whole(rng, disease.missing_fingers), replace=False)
    amputations = []
    for ray in rays:
        labels = RAYS[str(ray)]
        label = labels[0] if rng.random() < disease.missing_tip_rate else labels[1]
        amputations.append(Amputation(str(ray), label, uniform(rng, disease.missing_place)))
    return amputations


def amputate(skeleton: Skeleton, amputations: list[Amputation]) -> Skeleton:
    """Remove bones and parts of bones; the flesh ends a little beyond them.

    Args:
        skeleton: The posed bones.
        amputations: What is missing.

    Returns:
        What is left.
    """
    bones, rays = dict(skeleton.bones), dict(skeleton.rays)
    for lost in amputations:
        labels = RAYS[lost.ray]
        position = labels.index(lost.label)
        for label in labels[:position]:
            bones.pop(label, None)
        base, head = bones[lost.label].axis
        along = (head - base) / np.linalg.norm(head - base)
        cut = base + (head - base) * lost.place
        parts = cut_at_line(bones[lost.label].outline, cut, -along)
        del bones[lost.label]
        if lost.place > 0.15 and parts:
            outline = max(parts, key=len)
            bones[lost.label] = replace(skeleton.bones[lost.label], outline=outline)
        joints = rays[lost.ray].copy()
        # Joints are listed from the wrist outwards, bones from the tip inwards.
        joints[len(labels) - position :] = cut + along * 2.5
        rays[lost.ray] = joints
    kept = [
        part
        for part in skeleton.epiphyses
        if part.label in bones
        and np.allclose(bones[part.label].axis, skeleton.bones[part.label].axis)
    ]
    details = [part for part in skeleton.details if part.label in bones]
    return replace(skeleton, bones=bones, rays=rays, epiphyses=kept, details=details)


def erode(
    canvas: np.ndarray,
    outlines: dict[str, np.ndarray],
    frame: Frame,
    rng: np.random.Generator,
    disease: DiseaseSettings,
) -> None:
    """Take bone away at the margins of joints, inside the outline: labels stay.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        outlines: Outline of each bone in pixels.
        frame: The image.
        rng: Source of randomness.
        disease: Distributions of diseases.
    """
    if rng.random() >= disease.erosions_rate or not outlines:
        return
    labels = [label for label in outlines if label not in ('Radius', 'Ulna')] or list(outlines)
    for _ in range(round(uniform(rng, disease.erosions))):
        outline = outlines[str(rng.choice(labels))]
        centre = outline[int(rng.integers(0, len(outline)))]
        radius = uniform(rng, disease.erosion_radius) * frame.pixels_per_mm
        low = np.floor(centre - 2.0 * radius).astype(int) - 1
        high = np.ceil(centre + 2.0 * radius).astype(int) + 2
        low, high = np.clip(low, 0, frame.size), np.clip(high, 0, frame.size)
        if np.any(high <= low):
            continue
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        cv2.fillPoly(mask, [np.rint((outline - low) * 4.0).astype(np.int32)], 1, shift=2)
        x, y = (np.arange(low[axis], high[axis]) - centre[axis] for axis in (0, 1))
        hole = np.exp(-(((x[None, :] ** 2 + y[:, None] ** 2) / radius**2) ** 2))
        loss = (uniform(rng, disease.erosion_depth) * mask * hole).astype(np.float32)
        canvas[low[1] : high[1], low[0] : high[0]] *= 1.0 - loss
