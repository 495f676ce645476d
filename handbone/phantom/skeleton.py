"""From anatomy and pose to the outline of every bone and of the soft tissue, in millimetres.

The frame is that of the hand (see :mod:`handbone.phantom.outlines`); left hands are mirrored later.
"""

from dataclasses import dataclass, field

import numpy as np

from handbone.bones import CARPALS, FOREARM, RAYS
from handbone.phantom.anatomy import Anatomy
from handbone.phantom.outlines import closed_spline
from handbone.phantom.pose import Pose

Point = tuple[float, float]
_PLACES = 256
PROXIMAL_ROW = ('Scaphoid', 'Lunate', 'Triquetrum', 'Pisiform')
_WRIST = np.array([0.0, -8.0])
# Bases of metacarpals 1 to 5 on the distal carpal row.
_METACARPAL_BASES = np.array(
    [(-28.4, 13.4), (-13.2, 14.6), (-0.8, 14.2), (11.2, 13.6), (19.4, 10.8)]
)


@dataclass(frozen=True)
class Bone:
    """One posed bone.

    Args:
        label: Class name.
        kind: Kind of long bone, 'radius', 'ulna', 'carpal', 'sesamoid', 'relief' or 'epiphysis'.
        outline: Float array of shape (n, 2).
        axis: Ends of the long axis, base first, shape (2, 2).
        half_widths: Half width at 256 places along the axis.
    """

    label: str
    kind: str
    outline: np.ndarray
    axis: np.ndarray
    half_widths: np.ndarray


@dataclass(frozen=True)
class Skeleton:
    """All posed bones, and the joints that the soft tissue follows.

    Args:
        bones: The 29 bones, or those of them that are ossified.
        details: Visible bones without a label: sesamoids, and the reliefs of carpals.
        rays: By name of the ray, the joints from the metacarpal base to the fingertip, (n, 2).
        wrist: Middle of the wrist and a far point of the forearm, shape (2, 2).
        epiphyses: Separate epiphyses, which belong to the bone of their label.
    """

    bones: dict[str, Bone]
    details: list[Bone]
    rays: dict[str, np.ndarray]
    wrist: np.ndarray
    epiphyses: list[Bone] = field(default_factory=list)


def direction(angle: float) -> np.ndarray:
    """Unit vector at an angle from the long axis of the hand.

    Args:
        angle: Degrees, positive to the ulnar side.

    Returns:
        Float array (x, y).
    """
    return np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])


def rotate(points: np.ndarray, angle: float, centre: np.ndarray) -> np.ndarray:
    """Rotate points so that the distal direction moves to the ulnar side for positive angles.

    Args:
        points: Float array of shape (n, 2).
        angle: Degrees.
        centre: Fixed point.

    Returns:
        Rotated points.
    """
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return (points - centre) @ np.array([[cos, -sin], [sin, cos]]) + centre


def build_skeleton(anatomy: Anatomy, pose: Pose) -> Skeleton:
    """Pose every bone.

    Args:
        anatomy: Shape of the bones.
        pose: Angles of the joints.

    Returns:
        The posed skeleton.
    """
    # A tilted carpus is shorter in the projection; the metacarpal bases move with it.
    squeeze = np.array([1.0, np.cos(np.radians(pose.tilt))])
    bones, details = _pose_carpals(anatomy, pose, squeeze)
    forearm, epiphyses = _pose_forearm(anatomy, pose)
    bones |= forearm
    rays = {}
    bases = _METACARPAL_BASES * anatomy.scale * squeeze
    for number, (ray, labels) in enumerate(RAYS.items()):
        if ray == 'thumb':
            angles, flexion = pose.thumb_angles, pose.thumb_flexion
        else:
            finger = number - 1
            angles = np.array([anatomy.metacarpal_angles[finger], *pose.finger_angles[finger]])
            flexion = np.array([0.6 * pose.tilt, *pose.finger_flexion[finger]])
        posed, ends, rays[ray] = _pose_ray(anatomy, labels[::-1], bases[number], angles, flexion)
        bones |= posed
        epiphyses += ends
    wrist = _WRIST * anatomy.scale * squeeze
    far = wrist - direction(pose.bend) * 330.0 * anatomy.scale
    details += _pose_sesamoids(anatomy, bones)
    return Skeleton(bones, details, rays, np.array([wrist, far]), epiphyses)


def _pose_ray(
    anatomy: Anatomy,
    labels: tuple[str, ...],
    base: np.ndarray,
    angles: np.ndarray,
    flexion: np.ndarray,
) -> tuple[dict[str, Bone], list[Bone], np.ndarray]:
    """Place the bones of a ray from the wrist outwards."""
    bones: dict[str, Bone] = {}
    epiphyses, joints = [], [base]
    start = base
    for label, angle, bent in zip(labels, angles, np.cumsum(flexion) * 0.7, strict=True):
        size = anatomy.long_bones[label]
        along = direction(angle)
        # Only the extent along the axis shrinks, and at most by half.
        shortening = max(0.5, float(np.cos(np.radians(bent))))
        across = np.array([along[1], -along[0]])
        frame = np.array([along * shortening, across])
        outline = closed_spline(anatomy.controls[label], 5) @ frame + start
        end = start + along * size.length * shortening
        widths = half_widths(anatomy.controls[label], size.length)
        bones[label] = Bone(label, size.kind, outline, np.array([start, end]), widths)
        if label in anatomy.epiphyses:
            outline = closed_spline(anatomy.epiphyses[label], 3) @ frame + start
            epiphyses.append(round_bone(label, 'epiphysis', outline))
        # Flexed joints show no gap: the next base is projected over the head.
        gap = (anatomy.joint_gap - 0.06 * bent) * anatomy.scale
        start = end + along * gap
        joints.append(start - along * gap / 2)
    joints[-1] = end + along * 3.6 * anatomy.scale
    return bones, epiphyses, np.array(joints)


def half_widths(controls: np.ndarray, length: float) -> np.ndarray:
    """Half width of a long bone along its axis.

    Args:
        controls: Control points (u, v) in millimetres.
        length: Length of the bone in millimetres.

    Returns:
        Half widths at 256 places from base to head, float array of shape (256,).
    """
    places = np.linspace(0.0, length, _PLACES)
    sides = []
    for sign in (-1.0, 1.0):
        side = controls[controls[:, 1] * sign > 1e-6]
        side = side[np.argsort(side[:, 0])]
        sides.append(np.interp(places, side[:, 0], np.abs(side[:, 1])))
    return np.maximum(np.mean(sides, axis=0), 1.0)


def _pose_carpals(
    anatomy: Anatomy, pose: Pose, squeeze: np.ndarray
) -> tuple[dict[str, Bone], list[Bone]]:
    """Pose the carpals: the distal row moves with the hand, the proximal row bends partly."""
    bones, reliefs = {}, []
    centre = _WRIST * anatomy.scale * squeeze
    for label in CARPALS:
        if label not in anatomy.controls:
            continue
        shapes = [anatomy.controls[label], *anatomy.reliefs[label]]
        outline, *inner = (
            closed_spline(_bend_carpal(label, shape * squeeze, anatomy.scale, pose, centre), 7)
            for shape in shapes
        )
        bones[label] = round_bone(label, 'carpal', outline)
        reliefs += [round_bone(label, 'relief', shape) for shape in inner]
    return bones, reliefs


def _bend_carpal(
    label: str, controls: np.ndarray, scale: float, pose: Pose, centre: np.ndarray
) -> np.ndarray:
    """Rotate a bone of the proximal row with the bend.

    The distal pole of the scaphoid stays with the trapezium: the bone tilts out of the plane, so
    that it seems longer or shorter.
    """
    if label not in PROXIMAL_ROW:
        return controls
    if label != 'Scaphoid':
        return rotate(controls, 0.5 * pose.bend, centre)
    share = np.interp(controls[:, 1], np.array([-18.0, 2.0]) * scale, (0.55, 0.12))
    turned = [
        rotate(point, part * pose.bend, centre) for point, part in zip(controls, share, strict=True)
    ]
    return np.array(turned)


def round_bone(label: str, kind: str, outline: np.ndarray) -> Bone:
    """Describe a bone without a long axis.

    Args:
        label: Class name.
        kind: As in :class:`Bone`.
        outline: Float array of shape (n, 2).

    Returns:
        The bone.
    """
    middle = outline.mean(axis=0)
    half = float(np.sqrt(np.mean(np.sum((outline - middle) ** 2, axis=1))))
    axis = np.array([middle, middle + (0.0, 1.0)])
    return Bone(label, kind, outline, axis, np.full(_PLACES, half))


def _pose_sesamoids(anatomy: Anatomy, bones: dict[str, Bone]) -> list[Bone]:
    """Place the sesamoids, in the tendons beside the heads of some metacarpals."""
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    oval = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    sesamoids = []
    for label, present, sides in zip(
        ('finger-3', 'finger-7', 'finger-19'),
        anatomy.sesamoids,
        ((-1, 1), (-1,), (1,)),
        strict=True,
    ):
        base, head = bones[label].axis
        along = (head - base) / np.linalg.norm(head - base)
        across = np.array([along[1], -along[0]])
        width = anatomy.long_bones[label].head
        for side in sides if present else ():
            place = head - along * (0.16 + 0.05 * side) * width + across * side * 0.30 * width
            size = anatomy.scale * (2.6 if label == 'finger-3' else 1.9)
            outline = place + oval @ np.array([along * 1.2, across]) * size
            sesamoids.append(round_bone(label, 'sesamoid', outline))
    return sesamoids


def _pose_forearm(anatomy: Anatomy, pose: Pose) -> tuple[dict[str, Bone], list[Bone]]:
    """Pose radius and ulna, which rotate around the wrist and slide along their axis."""
    scale = anatomy.scale
    centre = _WRIST * scale
    along = direction(pose.bend)
    # The joint surface of the radius is not centred on the capitate: the forearm slides along it.
    slide = np.array([along[1], -along[0]]) * 9.0 * np.sin(np.radians(max(-pose.bend, 0.0))) * scale
    slack = 3.0 * (1.0 - np.cos(np.radians(pose.bend))) * scale
    rise = -centre[1] * (1.0 - np.cos(np.radians(pose.tilt)))
    bones, epiphyses = {}, []
    for label in FOREARM:
        controls = anatomy.controls[label]
        tip = float(np.max(controls[:, 1]))
        middle = float(np.mean(controls[:, 0]))
        axis = np.array([(middle, tip), (middle, tip - 100.0 * scale)])
        # The styloid process is only a corner of the bone: the width is measured below it.
        places = np.minimum(np.linspace(tip, tip - 100.0 * scale, _PLACES), tip - 17.0 * scale)
        half = _slice_half_widths(controls, places)
        shapes = [closed_spline(controls, 8), axis]
        if label in anatomy.epiphyses:
            shapes.append(closed_spline(anatomy.epiphyses[label], 3))
        outline, axis, *ends = (
            rotate(points, pose.bend, centre) + slide - along * slack + (0.0, rise)
            for points in shapes
        )
        bones[label] = Bone(label, label.lower(), outline, axis, half)
        epiphyses += [round_bone(label, 'epiphysis', end) for end in ends]
    return bones, epiphyses


def _slice_half_widths(controls: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Compute half the distance between the left and the right side at the given heights."""
    tip = int(np.argmax(controls[:, 1]))
    ring = np.roll(controls, -tip, axis=0)
    low = int(np.argmin(ring[:, 1]))
    right, left = ring[: low + 1], np.concatenate([ring[low:], ring[:1]])[::-1]
    across = [np.interp(-places, -side[:, 1], side[:, 0]) for side in (right, left)]
    return np.maximum(np.abs(across[0] - across[1]) / 2, 2.0)
