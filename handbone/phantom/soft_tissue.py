"""Skin, fat and muscle: the thickness of soft tissue at each pixel."""

import cv2
import numpy as np

from handbone.phantom.skeleton import Skeleton, direction

# Radii of the finger at the knuckle, the middle and the end joint and at the tip, in millimetres.
_FINGER_RADII = {
    'index': (11.5, 9.6, 8.2, 5.6),
    'middle': (11.5, 9.9, 8.5, 5.8),
    'ring': (11.0, 9.3, 8.0, 5.5),
    'little': (10.5, 8.3, 7.2, 5.0),
}
_THUMB_RADII = (14.0, 12.5, 10.8, 7.0)

# Additional thickness of a muscle belly in millimetres.
_BELLY = 7.0

Circles = list[tuple[np.ndarray, float]]


def soft_parts(skeleton: Skeleton, scale: float, flesh: float) -> dict[str, Circles]:
    """Describe the outline of the soft tissue as chains of circles with joined hulls.

    Args:
        skeleton: The posed bones.
        scale: Size of the hand relative to the tables.
        flesh: Thickness relative to a lean hand.

    Returns:
        By part, (centre, radius) in millimetres: four fingers, 'thumb', the chains of the palm
        ('palm-1' ...) and 'forearm'.
    """
    size = scale * (0.7 + 0.3 * flesh)
    parts = {}
    for ray, radii in _FINGER_RADII.items():
        parts[ray] = [
            (joint, radius * size)
            for joint, radius in zip(skeleton.rays[ray][1:], radii, strict=True)
        ]
    thumb = skeleton.rays['thumb']
    parts['thumb'] = [(j, r * size) for j, r in zip(thumb, _THUMB_RADII, strict=True)]
    wrist, far = skeleton.wrist
    rays = skeleton.rays
    palm = [rays['index'], rays['middle'], rays['ring'], rays['little']]
    for number, joints in enumerate(palm):
        edge = 13.0 if number in (0, 3) else 12.0
        parts[f'palm-{number}'] = [(joints[1], edge * size), (joints[0], 13.5 * size)]
    across = [(palm[number][0], palm[number][1], palm[number + 1][1]) for number in range(3)]
    parts['palm-web'] = [(np.mean(points, axis=0), 15.0 * size) for points in across]
    parts['palm-thumb'] = [
        (thumb[0] * 0.9 + wrist * 0.1, 13.0 * size),
        (0.55 * thumb[1] + 0.45 * rays['index'][0], 10.0 * size),
        (0.6 * rays['index'][1] + 0.4 * rays['index'][0], 9.0 * size),
    ]
    away = (far - wrist) / np.linalg.norm(far - wrist)
    side = np.array([away[1], -away[0]])
    parts['palm-carpus'] = [
        (thumb[0] * 0.7 + wrist * 0.3, 13.0 * size),
        (wrist, 27.0 * size),
        (rays['little'][0], 14.0 * size),
    ]
    # The radius is the wider bone, so the middle of the wrist lies on its side.
    middle = wrist - side * 2.5 * scale
    parts['forearm'] = [
        (middle, 28.0 * size),
        (middle + away * 13.0 * scale, 31.5 * size),
        (middle + away * 45.0 * scale, 29.0 * size),
        (wrist + away * 100.0 * scale, 33.0 * size),
        (far, 44.0 * size),
    ]
    return parts


def hand_extent(skeleton: Skeleton, scale: float, flesh: float, forearm: float) -> Circles:
    """List circles whose common box must lie inside the image.

    Args:
        skeleton: The posed bones.
        scale: Size of the hand relative to the tables.
        flesh: Thickness relative to a lean hand.
        forearm: Length of forearm that must be visible, in millimetres beyond the wrist.

    Returns:
        (centre, radius) in millimetres.
    """
    parts = soft_parts(skeleton, scale, flesh)
    circles = [circle for name, chain in parts.items() if name != 'forearm' for circle in chain]
    wrist, far = skeleton.wrist
    away = (far - wrist) / np.linalg.norm(far - wrist)
    side = np.array([away[1], -away[0]])
    end = wrist + away * forearm * scale
    return circles + [(end + side * shift * scale, 1.0) for shift in (-27.0, 27.0)]


def muscle_bellies(skeleton: Skeleton) -> Circles:
    """List the bellies of the muscles of thumb and little finger, where the hand is thicker.

    Args:
        skeleton: The posed bones.

    Returns:
        (centre, radius) in millimetres.
    """
    thumb, little = skeleton.rays['thumb'], skeleton.rays['little']
    middle = skeleton.rays['middle'][0]
    return [
        (0.45 * thumb[0] + 0.30 * thumb[1] + 0.25 * middle, 17.0),
        (0.6 * little[0] + 0.4 * little[1] + direction(90.0) * 3.0, 14.0),
    ]


def draw_soft_tissue(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    bellies: tuple[np.ndarray, np.ndarray],
    size: int,
    pixels_per_mm: float,
    flesh: float,
) -> np.ndarray:
    """Draw the thickness of soft tissue.

    Fingers are added to each other, so that touching fingers keep the dark line between them and
    crossed ones are brighter; palm and forearm swallow the finger bases.

    Args:
        parts: By part, centres (n, 2) and radii (n,) in pixels of this drawing.
        bellies: Centres and radii of muscle bellies, likewise.
        size: Side of the square drawing in pixels.
        pixels_per_mm: Scale of this drawing.
        flesh: Thickness relative to a lean hand.

    Returns:
        Millimetres of soft tissue, float32 array (size, size).
    """
    fingers = np.zeros((size, size), np.float32)
    palm = np.zeros((size, size), np.uint8)
    for name, (centres, radii) in parts.items():
        if name.startswith('palm') or name == 'forearm':
            draw_chain(palm, centres, radii)
            continue
        mask = np.zeros((size, size), np.uint8)
        draw_chain(mask, centres, radii)
        rows, columns = _box(mask)
        fingers[rows, columns] += _thickness(mask[rows, columns], pixels_per_mm)
    smooth = 4.0 * pixels_per_mm
    palm = (cv2.GaussianBlur(palm * np.float32(1.0), (0, 0), smooth) > 0.5).astype(np.uint8)
    body = _thickness(palm, pixels_per_mm)
    edge = np.minimum(body / 15.0, 1.0)
    for centre, radius in zip(*bellies, strict=True):
        rows, columns = (np.exp(-(((np.arange(size) - c) / radius) ** 2)) for c in centre[::-1])
        body += (_BELLY * edge * rows[:, None] * columns[None, :]).astype(np.float32)
    joined = _smooth_maximum(body, fingers)
    return cv2.GaussianBlur(joined, (0, 0), 0.5 * pixels_per_mm) * np.float32(0.8 + 0.2 * flesh)


def draw_chain(mask: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> None:
    """Fill the hulls of neighbouring circles.

    Args:
        mask: Uint8 array (H, W), set to 1 where a hull is.
        centres: Centres (x, y) in pixels, shape (n, 2).
        radii: Radii in pixels, shape (n,).
    """
    turn = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    rings = [centre + radius * circle for centre, radius in zip(centres, radii, strict=True)]
    for first, second in zip(rings, rings[1:] or rings, strict=False):
        hull = cv2.convexHull(np.concatenate([first, second]).astype(np.float32))
        cv2.fillConvexPoly(mask, np.rint(hull * 16.0).astype(np.int32), 1, shift=4)


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the box around a mask, with a margin of one pixel if there is room."""
    x, y, width, height = cv2.boundingRect(mask)
    return slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)


def _thickness(mask: np.ndarray, pixels_per_mm: float) -> np.ndarray:
    """Thickness by distance from the skin: a chord near it, a slowly rising plateau inside."""
    distance: np.ndarray = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance /= np.float32(pixels_per_mm)
    edge = np.minimum(distance / np.float32(9.0), 1.0)
    chord = 15.0 * np.sqrt(edge * (2.0 - edge))
    inner = np.clip((distance - 6.0) / 24.0, 0.0, 1.0)
    return (chord + 10.0 * inner * (2.0 - inner)).astype(np.float32)


def _smooth_maximum(first: np.ndarray, second: np.ndarray, width: float = 3.0) -> np.ndarray:
    """Maximum without a crease, width in millimetres of thickness."""
    difference = first - second
    return (
        first + second + np.sqrt(difference**2 + width**2 * (np.minimum(first, second) > 0))
    ) / 2
