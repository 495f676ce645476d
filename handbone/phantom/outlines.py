"""Bone outlines drawn by hand as control points of closed splines, in millimetres.

Frame of the hand: x grows towards the ulnar side (little finger), y towards the fingertips; the
origin is the middle of the capitate. Sizes are those of a man of 175 cm. Long bones are drawn in
a frame of their own: u along the axis from base (0) to head (1), v across it, in half widths.
"""

from typing import NamedTuple

import numpy as np

CARPAL_OUTLINES: dict[str, list[tuple[float, float]]] = {
    'Trapezium': [
        (-16.0, 4.4), (-19.8, 3.0), (-24.8, 3.8), (-28.6, 7.6), (-30.8, 13.2), (-27.4, 15.2),
        (-23.6, 15.6), (-20.0, 17.0), (-16.4, 14.6), (-14.8, 9.5),
    ],
    'Trapezoid': [
        (-7.2, 12.6), (-7.4, 7.5), (-8.0, 3.4), (-11.0, 2.2), (-15.2, 3.4), (-16.6, 7.5),
        (-18.4, 12.6), (-15.8, 15.2), (-12.0, 16.6), (-8.4, 15.0),
    ],
    'Capitate': [
        (-7.2, 13.2), (-2.0, 15.2), (3.5, 14.6), (7.2, 13.2), (7.6, 9.0), (6.4, 3.0),
        (6.0, -3.0), (3.8, -8.2), (-0.8, -10.2), (-5.0, -8.0), (-6.6, -2.6), (-5.9, 3.0),
        (-7.4, 8.0),
    ],
    'Hamate': [
        (7.0, 14.2), (12.0, 14.8), (17.0, 13.2), (21.4, 9.6), (21.0, 4.6), (17.2, -1.2),
        (12.6, -6.2), (8.6, -9.4), (6.4, -7.2), (6.0, -1.0), (6.9, 6.5),
    ],
    'Scaphoid': [
        (-7.9, -9.5), (-7.0, -4.5), (-8.6, 0.6), (-12.5, 3.4), (-18.0, 4.2), (-22.2, 2.2),
        (-23.2, -2.4), (-20.8, -6.8), (-20.2, -11.6), (-18.0, -16.4), (-13.0, -19.6), (-9.2, -17.4),
        (-8.2, -13.5),
    ],
    'Lunate': [
        (-7.4, -8.0), (-3.8, -8.4), (0.4, -9.2), (4.8, -8.4), (8.2, -7.2), (10.0, -11.0),
        (9.4, -16.4), (5.2, -20.4), (-0.8, -22.0), (-6.6, -20.6), (-9.2, -15.4),
    ],
    'Triquetrum': [
        (9.4, -9.6), (13.2, -6.6), (17.6, -2.2), (21.4, 0.2), (24.0, -2.6), (23.2, -8.0),
        (19.4, -12.6), (14.4, -15.8), (10.0, -15.4),
    ],
    'Pisiform': [
        (13.6, -8.0), (14.6, -4.2), (17.8, -2.0), (21.6, -2.6), (24.0, -6.0), (23.6, -10.0),
        (20.6, -13.2), (16.6, -12.8),
    ],
}  # fmt: skip

#: Prominences of carpals seen through them: tubercle of the scaphoid, ridge, hook of the hamate.
CARPAL_RELIEFS: dict[str, list[tuple[float, float]]] = {
    'Scaphoid': [
        (-14.0, 2.8), (-18.0, 3.4), (-21.4, 1.6), (-21.6, -2.0), (-18.4, -3.8), (-14.6, -1.6),
    ],
    'Trapezium': [
        (-17.4, 5.4), (-21.0, 4.6), (-24.6, 6.0), (-25.6, 9.0), (-22.6, 9.8), (-18.6, 8.6),
    ],
    'Hamate': [
        (14.2, 9.2), (17.0, 9.4), (18.6, 6.6), (18.0, 2.6), (15.4, 1.6), (13.4, 4.6),
    ],
}  # fmt: skip

#: The forearm bones extend to ``FOREARM_END``, far outside every image.
FOREARM_END = -330.0

FOREARM_OUTLINES: dict[str, list[tuple[float, float]]] = {
    'Radius': [
        (-26.0, -8.6), (-22.2, -12.2), (-17.0, -15.8), (-10.0, -18.6), (-2.0, -20.4), (4.8, -20.4),
        (8.2, -21.6), (8.8, -25.6), (7.2, -31.0), (3.8, -38.0), (0.2, -47.0), (-2.2, -62.0),
        (-3.0, -90.0), (-4.0, -150.0), (-5.0, -240.0), (-5.0, FOREARM_END),
        (-19.5, FOREARM_END), (-20.0, -240.0), (-19.0, -150.0), (-17.2, -90.0), (-17.8, -62.0),
        (-20.6, -47.0), (-24.6, -37.0), (-27.6, -28.0), (-29.2, -20.0), (-28.8, -12.4),
        (-27.8, -9.2),
    ],
    'Ulna': [
        (8.0, -27.4), (10.2, -24.6), (14.4, -23.8), (18.2, -24.2), (20.2, -22.6), (22.0, -18.8),
        (23.8, -20.2), (24.2, -25.0), (22.8, -32.0), (20.2, -40.0), (18.6, -52.0), (18.6, -90.0),
        (20.0, -150.0), (21.0, -240.0), (21.0, FOREARM_END),
        (8.0, FOREARM_END), (8.0, -240.0), (8.0, -150.0), (7.8, -90.0), (8.6, -52.0), (9.4, -40.0),
        (8.4, -33.0),
    ],
}  # fmt: skip


class LongBone(NamedTuple):
    """Size of a long bone: length and widths of base, shaft and head, in millimetres."""

    kind: str
    length: float
    base: float
    shaft: float
    head: float


LONG_BONES: dict[str, LongBone] = {
    'finger-1': LongBone('distal', 22.5, 13.5, 7.4, 9.8),
    'finger-2': LongBone('proximal', 31.5, 14.8, 9.4, 12.6),
    'finger-3': LongBone('thumb metacarpal', 46.0, 16.0, 10.8, 14.6),
    'finger-4': LongBone('distal', 17.2, 11.2, 5.4, 7.8),
    'finger-5': LongBone('middle', 24.5, 13.0, 8.2, 10.2),
    'finger-6': LongBone('proximal', 41.0, 15.2, 10.0, 12.0),
    'finger-7': LongBone('second metacarpal', 68.0, 16.8, 8.8, 15.2),
    'finger-8': LongBone('distal', 18.4, 11.8, 5.7, 8.4),
    'finger-9': LongBone('middle', 29.2, 13.6, 8.7, 10.8),
    'finger-10': LongBone('proximal', 45.5, 15.8, 10.4, 12.4),
    'finger-11': LongBone('third metacarpal', 66.0, 14.8, 9.0, 15.2),
    'finger-12': LongBone('distal', 18.6, 11.4, 5.5, 8.2),
    'finger-13': LongBone('middle', 28.0, 12.9, 8.2, 10.3),
    'finger-14': LongBone('proximal', 42.4, 14.6, 9.5, 11.8),
    'finger-15': LongBone('metacarpal', 58.5, 12.4, 7.4, 13.2),
    'finger-16': LongBone('distal', 16.6, 9.6, 4.5, 6.6),
    'finger-17': LongBone('middle', 19.6, 11.0, 6.9, 8.6),
    'finger-18': LongBone('proximal', 33.4, 13.4, 8.0, 9.9),
    'finger-19': LongBone('fifth metacarpal', 53.5, 13.4, 7.8, 12.6),
}

# One side of each kind, from the middle of the base to the middle of the head: (u, v, width),
# where v counts in half widths of base (b), shaft (s) or head (h).
_PHALANX_SHAFT = [(0.16, 0.84, 'b'), (0.27, 1.20, 's'), (0.42, 1.04, 's'), (0.58, 0.98, 's')]
_SIDES: dict[str, list[tuple[float, float, str]]] = {
    'proximal': [
        (0.034, 0.0, 'b'), (0.020, 0.42, 'b'), (0.000, 0.76, 'b'), (0.022, 0.97, 'b'),
        (0.075, 1.00, 'b'), *_PHALANX_SHAFT, (0.74, 1.00, 's'), (0.84, 0.90, 'h'),
        (0.915, 1.00, 'h'), (0.968, 0.90, 'h'), (1.000, 0.52, 'h'), (0.984, 0.0, 'h'),
    ],
    'middle': [
        (0.004, 0.0, 'b'), (0.026, 0.42, 'b'), (0.004, 0.80, 'b'), (0.030, 0.98, 'b'),
        (0.090, 1.00, 'b'), (0.19, 0.82, 'b'), (0.30, 1.18, 's'), (0.44, 1.03, 's'),
        (0.60, 0.98, 's'), (0.73, 1.03, 's'), (0.83, 0.92, 'h'), (0.905, 1.00, 'h'),
        (0.965, 0.88, 'h'), (0.996, 0.50, 'h'), (0.976, 0.0, 'h'),
    ],
    'distal': [
        (0.006, 0.0, 'b'), (0.028, 0.45, 'b'), (0.006, 0.80, 'b'), (0.050, 1.00, 'b'),
        (0.125, 0.93, 'b'), (0.24, 0.66, 'b'), (0.38, 1.10, 's'), (0.54, 0.98, 's'),
        (0.67, 1.04, 's'), (0.755, 0.86, 'h'), (0.805, 1.04, 'h'), (0.88, 1.00, 'h'),
        (0.945, 0.80, 'h'), (0.985, 0.44, 'h'), (0.996, 0.0, 'h'),
    ],
    'metacarpal': [
        (0.020, 0.0, 'b'), (0.010, 0.45, 'b'), (0.002, 0.80, 'b'), (0.030, 1.00, 'b'),
        (0.085, 0.98, 'b'), (0.16, 0.80, 'b'), (0.27, 1.16, 's'), (0.42, 1.00, 's'),
        (0.58, 1.00, 's'), (0.71, 1.14, 's'), (0.81, 0.80, 'h'), (0.875, 0.97, 'h'),
        (0.925, 0.98, 'h'), (0.968, 0.78, 'h'), (0.993, 0.42, 'h'), (1.000, 0.0, 'h'),
    ],
}  # fmt: skip

# Differences between the metacarpals: control points moved on the radial (-1) or ulnar (+1) side.
_BASE_FORMS: dict[str, dict[int, dict[int, tuple[float, float]]]] = {
    'thumb metacarpal': {
        -1: {2: (-0.02, 0.0), 3: (0.0, 0.02)},
        1: {1: (0.02, 0.0), 2: (-0.035, 0.0)},
    },
    'second metacarpal': {
        0: {0: (0.035, 0.0)},
        -1: {2: (0.01, 0.0)},
        1: {1: (0.0, 0.0), 2: (-0.03, 0.06)},
    },
    'third metacarpal': {-1: {2: (-0.055, 0.04), 3: (-0.03, 0.02)}, 1: {2: (0.01, 0.0)}},
    'fifth metacarpal': {-1: {2: (-0.01, 0.0)}, 1: {3: (0.03, 0.08), 4: (0.01, 0.10)}},
}


def closed_spline(points: np.ndarray, per_segment: int) -> np.ndarray:
    """Sample the closed Catmull-Rom spline through control points.

    Args:
        points: Control points, float array of shape (n, 2).
        per_segment: Samples from each control point to the next.

    Returns:
        Samples, float array of shape (n * per_segment, 2).
    """
    before, after, beyond = (np.roll(points, shift, axis=0)[:, None] for shift in (1, -1, -2))
    here = points[:, None]
    t = (np.arange(per_segment) / per_segment)[None, :, None]
    samples = 0.5 * (
        2.0 * here
        + (after - before) * t
        + (2.0 * before - 5.0 * here + 4.0 * after - beyond) * t**2
        + (3.0 * here - before - 3.0 * after + beyond) * t**3
    )
    return samples.reshape(-1, 2)


def long_bone_controls(bone: LongBone) -> np.ndarray:
    """Place the control points of a long bone.

    Args:
        bone: Its kind and size.

    Returns:
        Control points (u, v) in millimetres, float array of shape (n, 2): up the ulnar side (v > 0)
        from the base to the head and down the radial side.
    """
    side = _SIDES['metacarpal' if 'metacarpal' in bone.kind else bone.kind]
    half = {'b': bone.base / 2, 's': bone.shaft / 2, 'h': bone.head / 2}
    form = _BASE_FORMS.get(bone.kind, {})

    def place(index: int, sign: int) -> tuple[float, float]:
        u, v, width = side[index]
        shift = form.get(sign, {}).get(index, (0.0, 0.0))
        return (u + shift[0]) * bone.length, sign * (v + shift[1]) * half[width]

    last = len(side) - 1
    base = (side[0][0] + form.get(0, {}).get(0, (0.0, 0.0))[0]) * bone.length
    ulnar = [place(index, 1) for index in range(1, last)]
    radial = [place(index, -1) for index in range(last - 1, 0, -1)]
    return np.array([(base, 0.0), *ulnar, (side[last][0] * bone.length, 0.0), *radial])
