"""Bones as attenuation: how much cortical and trabecular bone the beam crosses at each pixel.

The cross-section of a bone is taken as an ellipse-like shell: at the distance d from the outline of
a bone of half width R and half depth D, the beam crosses 2 D sqrt(1 - (1 - d / R)^2), of which a
shell of thickness c is cortical. A hollow shaft so gets its two bright edge lines.
"""

from typing import NamedTuple

import cv2
import numpy as np

from handbone.phantom.skeleton import Bone

_PLACES = 256
_DEPTHS = 64


class Shell(NamedTuple):
    """Structure of a kind of bone at positions along its axis, from base (0) to head (1).

    Args:
        places: Positions of the other values.
        rounding: Radius of the edge relative to the half width; small for blunt ends.
        depth: Half depth along the beam relative to the half width.
        cortex: Thickness of the cortex relative to that of the shaft.
        marrow: Density of trabecular bone, 0 to 1.
        rim: Millimetres of cortex in a second contour inside the first, the far rim of a joint.
        ridges: Dense lines across the bone: position, millimetres of cortex, width as a share.
        plate: Position of the growth plate.
    """

    places: tuple[float, ...]
    rounding: tuple[float, ...]
    depth: tuple[float, ...]
    cortex: tuple[float, ...]
    marrow: tuple[float, ...]
    rim: tuple[float, ...]
    ridges: tuple[tuple[float, float, float], ...] = ()
    plate: float | None = None


_METACARPAL = Shell(
    places=(0.0, 0.10, 0.24, 0.5, 0.72, 0.86, 1.0),
    rounding=(0.40, 0.42, 0.90, 1.0, 0.95, 0.70, 0.60),
    depth=(0.85, 0.90, 1.0, 1.05, 1.0, 0.88, 0.80),
    cortex=(0.26, 0.26, 0.72, 1.0, 0.70, 0.22, 0.20),
    marrow=(0.32, 0.32, 0.20, 0.10, 0.20, 0.32, 0.34),
    rim=(0.7, 0.2, 0.0, 0.0, 0.0, 0.0, 0.3),
    ridges=((0.050, 0.7, 0.010), (0.905, 0.5, 0.012)),
    plate=0.865,
)
_PHALANX = Shell(
    places=(0.0, 0.09, 0.24, 0.5, 0.72, 0.88, 1.0),
    rounding=(0.34, 0.40, 0.90, 1.0, 0.95, 0.55, 0.50),
    depth=(0.72, 0.76, 0.86, 0.84, 0.80, 0.76, 0.72),
    cortex=(0.24, 0.24, 0.62, 1.05, 0.80, 0.30, 0.24),
    marrow=(0.33, 0.33, 0.20, 0.10, 0.18, 0.32, 0.35),
    rim=(0.6, 0.1, 0.0, 0.0, 0.0, 0.1, 0.5),
    ridges=((0.048, 0.9, 0.014), (0.955, 0.6, 0.013)),
    plate=0.095,
)
_DISTAL = Shell(
    places=(0.0, 0.10, 0.26, 0.5, 0.70, 0.85, 1.0),
    rounding=(0.40, 0.42, 0.85, 1.0, 0.9, 0.6, 0.5),
    depth=(0.66, 0.68, 0.85, 1.0, 0.85, 0.50, 0.40),
    cortex=(0.22, 0.22, 0.70, 1.15, 0.80, 0.24, 0.18),
    marrow=(0.33, 0.33, 0.22, 0.14, 0.22, 0.38, 0.40),
    rim=(0.5, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0),
    ridges=((0.070, 0.8, 0.020),),
    plate=0.13,
)
_RADIUS = Shell(
    places=(0.0, 0.10, 0.18, 0.28, 0.45, 0.70, 1.0),
    rounding=(0.24, 0.26, 0.34, 0.55, 0.90, 1.0, 1.0),
    depth=(0.46, 0.47, 0.50, 0.58, 0.78, 0.90, 0.92),
    cortex=(0.18, 0.18, 0.18, 0.30, 0.62, 0.78, 0.85),
    marrow=(0.25, 0.25, 0.24, 0.21, 0.13, 0.09, 0.08),
    rim=(1.1, 1.1, 0.5, 0.0, 0.0, 0.0, 0.0),
    ridges=((0.195, 0.45, 0.006),),
    plate=0.19,
)
_ULNA = _RADIUS._replace(
    rounding=(0.40, 0.42, 0.60, 0.85, 1.0, 1.0, 1.0),
    depth=(0.80, 0.84, 0.92, 0.95, 0.98, 1.0, 1.0),
    cortex=(0.22, 0.22, 0.30, 0.50, 0.74, 0.84, 0.88),
    marrow=(0.30, 0.30, 0.27, 0.20, 0.12, 0.09, 0.08),
    rim=(0.5, 0.5, 0.1, 0.0, 0.0, 0.0, 0.0),
    ridges=((0.045, 0.6, 0.006),),
    plate=0.13,
)
_ALONG = (0.0, 1.0)
_CARPAL = Shell(_ALONG, (0.60, 0.60), (0.62, 0.62), (0.20, 0.20), (0.28, 0.28), (0.15, 0.15))
# The far side of a carpal or a prominence: a thin shell within the outline.
_RELIEF = Shell(_ALONG, (0.80, 0.80), (0.15, 0.15), (0.14, 0.14), (0.25, 0.25), (0.0, 0.0))
_SESAMOID = Shell(_ALONG, (0.9, 0.9), (0.8, 0.8), (0.3, 0.3), (0.4, 0.4), (0.0, 0.0))
_SHELLS = {
    'proximal': _PHALANX,
    'middle': _PHALANX,
    'distal': _DISTAL,
    'thumb metacarpal': _METACARPAL._replace(plate=0.11),
    'radius': _RADIUS,
    'ulna': _ULNA,
    'carpal': _CARPAL,
    'relief': _RELIEF,
    'sesamoid': _SESAMOID,
    'epiphysis': _CARPAL,
}
# Distance of a far rim from the near one, and its width, in millimetres.
_RIM_DISTANCE, _RIM_WIDTH = 1.9, 0.45


class Projection(NamedTuple):
    """Position of a bone in the image.

    Args:
        outline: Outline in pixels, rounded to quarters, float array of shape (n, 2).
        axis: Ends of the long axis in pixels, shape (2, 2).
        pixels_per_mm: Scale.
    """

    outline: np.ndarray
    axis: np.ndarray
    pixels_per_mm: float


def crossing_table(bone: Bone, cortex: float, growing: bool = False) -> np.ndarray:
    """Tabulate the bone in the beam by position along the axis and distance from the edge.

    Args:
        bone: The bone.
        cortex: Thickness of the shaft cortex relative to the half width of the shaft.
        growing: Whether the growth plate is open, a gap in the bone.

    Returns:
        Millimetres of cortical and of trabecular bone, weighted by density: float32 array of shape
        (places, distances, 2). Distances run from 0 to the largest half width.
    """
    shell = _SHELLS.get(bone.kind, _METACARPAL)
    places = np.linspace(0.0, 1.0, _PLACES)[:, None]
    half = bone.half_widths[:, None]

    def at(values: tuple[float, ...]) -> np.ndarray:
        return np.interp(places, shell.places, values)

    radius, depth = half * at(shell.rounding), half * at(shell.depth)
    shaft = float(np.median(bone.half_widths))
    thickness = np.maximum(at(shell.cortex) * cortex * shaft, 0.35)
    thickness = np.minimum(thickness, 0.9 * np.minimum(radius, depth))
    distance = np.linspace(0.0, bone.half_widths.max(), _DEPTHS)[None, :]
    outer = _chord(distance / radius)
    inner = 2.0 * (depth - thickness) * _chord((distance - thickness) / (radius - thickness))
    cortical = 2.0 * depth * outer - inner
    cortical += at(shell.rim) * np.exp(-(((distance - _RIM_DISTANCE) / _RIM_WIDTH) ** 2))
    for place, strength, width in shell.ridges:
        cortical += strength * outer * np.exp(-(((places - place) / width) ** 2))
    crossed = np.stack([cortical, inner * at(shell.marrow)], axis=2)
    if growing and shell.plate is not None:
        # A plate bulges towards the shaft in the middle of the bone.
        length = float(np.linalg.norm(bone.axis[1] - bone.axis[0]))
        bulge = np.copysign(1.2 / length, 0.5 - shell.plate) * outer
        gap = np.exp(-(((places - shell.plate - bulge) * length / 0.8) ** 2))
        crossed *= (1.0 - 0.75 * gap)[..., None]
    return crossed.astype(np.float32)


def _chord(inside: np.ndarray) -> np.ndarray:
    """Half chord of the unit circle at a relative distance from its edge, 0 outside."""
    return np.sqrt(1.0 - (1.0 - np.clip(inside, 0.0, 1.0)) ** 2)


def add_bone(
    canvas: np.ndarray, bone: Bone, projection: Projection, table: np.ndarray, texture: np.ndarray
) -> None:
    """Add the attenuation of a bone to an image, in the bone's own box.

    Args:
        canvas: Millimetres of bone, float32 array (H, W), changed in place.
        bone: The bone.
        projection: Its position.
        table: From :func:`crossing_table`.
        texture: Relative variation of the trabecular part, float32 array (H, W).
    """
    height, width = canvas.shape
    reach = float(bone.half_widths.max()) * projection.pixels_per_mm
    # The box extends beyond the image, so that the border of the image is not taken for an edge.
    low = np.maximum(np.floor(projection.outline.min(axis=0)) - 2, -reach).astype(int)
    high = np.ceil(projection.outline.max(axis=0)).astype(int) + 3
    high = np.minimum(high, np.array([width, height]) + int(reach))
    inside_low, inside_high = np.maximum(low, 0), np.minimum(high, (width, height))
    if np.any(inside_high <= inside_low):
        return
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    corners = np.rint((projection.outline - low) * 4.0).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, shift=2)
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rows = slice(inside_low[1] - low[1], inside_high[1] - low[1])
    columns = slice(inside_low[0] - low[0], inside_high[0] - low[0])
    distance = np.ascontiguousarray(distance[rows, columns])
    crossed = cv2.remap(
        table,
        distance * np.float32((table.shape[1] - 1) / reach),
        _axis_map(projection.axis - inside_low, distance.shape, table.shape[0]),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    where = np.s_[inside_low[1] : inside_high[1], inside_low[0] : inside_high[0]]
    canvas[where] += (crossed[..., 0] + crossed[..., 1] * texture[where]) * (distance > 0)


def _axis_map(axis: np.ndarray, shape: tuple[int, int], places: int) -> np.ndarray:
    """Row of the table for every pixel: its position along the axis."""
    along = axis[1] - axis[0]
    along = along / (along @ along) * (places - 1)
    rows = (np.arange(shape[0]) - axis[0, 1]) * along[1]
    columns = (np.arange(shape[1]) - axis[0, 0]) * along[0]
    return (rows[:, None] + columns[None, :]).astype(np.float32)
