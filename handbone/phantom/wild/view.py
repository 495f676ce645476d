"""Views from other directions than straight: the hand turned about its long axis."""

from dataclasses import replace

import numpy as np

from handbone.bones import RAYS
from handbone.phantom.pose import Pose
from handbone.phantom.skeleton import Bone, Skeleton

# Millimetres from the plane of the middle metacarpal towards the palm.
_RAY_DEPTHS = {'thumb': 14.0, 'index': 3.0, 'middle': 0.0, 'ring': 2.0, 'little': 5.0}
_DEPTHS = {
    'Trapezium': 9.0, 'Trapezoid': 2.0, 'Capitate': 0.0, 'Hamate': 2.5, 'Scaphoid': 4.0,
    'Lunate': 0.0, 'Triquetrum': 1.0, 'Pisiform': 11.0, 'Radius': 1.0, 'Ulna': -3.0,
}  # fmt: skip


def turn_view(
    skeleton: Skeleton, pose: Pose, angle: float, scale: float, narrowing: float
) -> Skeleton:
    """Project a hand that is turned about its long axis.

    Args:
        skeleton: The bones as seen straight from the back of the hand.
        pose: Its pose, whose flexion says how deep the fingers lie.
        angle: Turn in degrees, positive if the thumb side is lifted off the plate.
        scale: Size of the hand relative to the tables.
        narrowing: By how much carpals are narrower when they are seen from the side, as a share.

    Returns:
        The bones as seen from there. Long bones keep their width, as cylinders do.
    """
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))

    def project(points: np.ndarray, depths: np.ndarray | float) -> np.ndarray:
        return np.stack([points[..., 0] * cos + np.asarray(depths) * sin, points[..., 1]], axis=-1)

    bones, rays, axes = dict(skeleton.bones), {}, {}
    for ray, labels in RAYS.items():
        depth = _RAY_DEPTHS[ray] * scale
        flexion = pose.thumb_flexion
        if ray != 'thumb':
            finger = list(RAYS).index(ray) - 1
            flexion = np.array([0.6 * pose.tilt, *pose.finger_flexion[finger]])
        depths = [depth]
        for label, bent in zip(labels[::-1], np.cumsum(flexion) * 0.7, strict=True):
            if label in bones:
                old = bones[label].axis
                length = np.linalg.norm(old[1] - old[0]) / max(0.5, np.cos(np.radians(bent)))
                depth += length * np.sin(np.radians(bent))
                axes[label] = project(old, np.array([depths[-1], depth]))
                bones[label] = _moved(bones[label], old, axes[label])
            depths.append(depth)
        rays[ray] = project(skeleton.rays[ray], np.array(depths[: len(skeleton.rays[ray])]))
    narrow = 1.0 - narrowing * abs(sin)
    for label, depth in _DEPTHS.items():
        if label in bones:
            middle = _middle(bones[label])
            bones[label] = _shifted(bones[label], middle, project(middle, depth * scale), narrow)

    def follow(part: Bone) -> Bone:
        old = skeleton.bones[part.label]
        if part.label in axes:
            return _moved(part, old.axis, axes[part.label])
        middle = _middle(old)
        depth = _DEPTHS[part.label] * scale
        return _shifted(part, middle, project(middle, depth), narrow)

    return replace(
        skeleton,
        bones=bones,
        rays=rays,
        details=[follow(part) for part in skeleton.details if part.label in bones],
        epiphyses=[follow(part) for part in skeleton.epiphyses],
    )


def _moved(part: Bone, old: np.ndarray, new: np.ndarray) -> Bone:
    """Move what lies along one axis to another: stretched along it, unchanged across."""
    along = old[1] - old[0]
    squared = float(along @ along)
    across = np.array([along[1], -along[0]]) / np.sqrt(squared)
    new_along = new[1] - new[0]
    length = float(np.linalg.norm(new_along))
    # Bones that point at the viewer are not shorter than half their length, as in every pose.
    shown = max(length, 0.5 * float(np.sqrt(squared)))
    new_along = new_along / max(length, 1e-6)
    new_across = np.array([new_along[1], -new_along[0]])

    def move(points: np.ndarray) -> np.ndarray:
        offsets = points - old[0]
        u, v = offsets @ along / squared, offsets @ across
        return new[0] + u[:, None] * new_along * shown + v[:, None] * new_across

    return replace(part, outline=move(part.outline), axis=move(part.axis))


def _middle(bone: Bone) -> np.ndarray:
    """Middle of a carpal; for a bone of the forearm, of its axis."""
    return bone.axis.mean(axis=0) if bone.kind in ('radius', 'ulna') else bone.axis[0]


def _shifted(part: Bone, old: np.ndarray, new: np.ndarray, narrow: float) -> Bone:
    """Move a bone sideways and make it narrower."""
    factor = np.array([1.0 if part.kind in ('radius', 'ulna') else narrow, 1.0])
    return replace(
        part, outline=(part.outline - old) * factor + new, axis=(part.axis - old) * factor + new
    )
