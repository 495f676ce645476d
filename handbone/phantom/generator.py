"""One synthetic hand radiograph: image, polygons and patient."""

from dataclasses import dataclass

import cv2
import numpy as np

from handbone.bones import CLASSES
from handbone.phantom.accessories import (
    Drawing,
    draw_marker,
    draw_nail_art,
    draw_plate,
    draw_ring,
    draw_wires,
)
from handbone.phantom.anatomy import Anatomy, sample_anatomy
from handbone.phantom.attenuation import Projection, add_bone, crossing_table
from handbone.phantom.exposure import BONE, SOFT_TISSUE, Exposure, develop, expose, sample_exposure
from handbone.phantom.frame import Frame, place_hand
from handbone.phantom.patient import Patient, sample_patient
from handbone.phantom.pose import Pose, sample_pose
from handbone.phantom.settings import PRESETS, PhantomSettings
from handbone.phantom.skeleton import Bone, Skeleton, build_skeleton
from handbone.phantom.soft_tissue import draw_soft_tissue, soft_parts

DEFAULT_SETTINGS = PRESETS['default'].train


@dataclass(frozen=True)
class Phantom:
    """A synthetic radiograph with its truth.

    Args:
        image: Grey values, uint8 array (size, size).
        polygons: Class name and outline in pixels, float array (n, 2) of (x, y) in quarter pixels;
            integers are pixel centres. One polygon for each bone seen, in class order.
        patient: Whose hand it is.
        side: 'R' or 'L'.
        pose: The pose of the hand.
        exposure: How the image was taken.
    """

    image: np.ndarray
    polygons: list[tuple[str, np.ndarray]]
    patient: Patient
    side: str
    pose: Pose
    exposure: Exposure


def generate(
    seed: int, index: int, settings: PhantomSettings = DEFAULT_SETTINGS, size: int = 2048
) -> Phantom:
    """Generate one radiograph.

    Images 2k and 2k + 1 are the right and the left hand of patient k. A seed and an index give the
    same polygons everywhere, and the same anatomy at every size.

    Args:
        seed: Seed of the data set, at least 0.
        index: Number of the image, at least 0.
        settings: Distributions to draw from.
        size: Side of the image in pixels, a multiple of 32 from 256.

    Returns:
        The radiograph.

    Raises:
        ValueError: If seed, index or size are out of range.
    """
    if seed < 0 or index < 0:
        raise ValueError(f'seed and index are at least 0, not {seed} and {index}')
    if size < 256 or size % 32:
        raise ValueError(f'size is a multiple of 32 from 256, not {size}')
    whose = np.random.default_rng(np.random.SeedSequence([seed, index // 2, 0]))
    patient = sample_patient(whose, settings)
    anatomy = sample_anatomy(whose, patient, settings.shape_variation)
    pose_rng, exposure_rng, metal_rng, noise_rng = (
        np.random.default_rng(np.random.SeedSequence([seed, index, stream]))
        for stream in range(1, 5)
    )
    side = 'RL'[index % 2]
    pose = sample_pose(pose_rng, settings)
    exposure = sample_exposure(exposure_rng, settings)
    skeleton = build_skeleton(anatomy, pose)
    frame = place_hand(skeleton, anatomy, pose, exposure, side == 'L', size)
    polygons = {label: frame.outline(bone.outline) for label, bone in skeleton.bones.items()}
    attenuation = _attenuation(skeleton, anatomy, frame, polygons, noise_rng)
    _add_metal(attenuation, patient, skeleton, frame, polygons, metal_rng)
    if exposure.marker:
        frame.draw_marker(Drawing(attenuation), exposure, draw_marker, side)
    measured = expose(attenuation, exposure, noise_rng)
    image = frame.collimate(develop(measured, exposure))
    seen = [(label, frame.clip(polygons[label])) for label in CLASSES]
    return Phantom(
        image=image,
        polygons=[(label, points) for label, points in seen if len(points) >= 3],
        patient=patient,
        side=side,
        pose=pose,
        exposure=exposure,
    )


def _attenuation(
    skeleton: Skeleton,
    anatomy: Anatomy,
    frame: Frame,
    polygons: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Sum soft tissue and bones along the beam, float32 array (size, size)."""
    shrink = max(1, frame.size // 512)
    parts = {
        name: (
            (frame.project(np.array([centre for centre, _ in chain])) + 0.5) / shrink - 0.5,
            np.array([radius for _, radius in chain]) * frame.pixels_per_mm / shrink,
        )
        for name, chain in soft_parts(skeleton, anatomy.scale, anatomy.flesh).items()
    }
    scale = frame.pixels_per_mm / shrink
    soft = draw_soft_tissue(parts, frame.size // shrink, scale, anatomy.flesh) * SOFT_TISSUE
    texture = _trabeculae(frame, rng)
    canvas = np.zeros((frame.size, frame.size), np.float32)
    for label, bone in skeleton.bones.items():
        projection = _project(bone, polygons[label], frame)
        add_bone(canvas, bone, projection, crossing_table(bone, anatomy.cortex), texture)
    canvas *= np.float32(BONE * anatomy.density)
    canvas += cv2.resize(soft, canvas.shape, interpolation=cv2.INTER_LINEAR)
    return canvas


def _project(bone: Bone, outline: np.ndarray, frame: Frame) -> Projection:
    return Projection(outline, frame.project(bone.axis), frame.pixels_per_mm)


def _trabeculae(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Fine mesh of trabeculae, drawn out along the hand: relative density, float32 (size, size)."""
    tile = 512
    noise = rng.standard_normal((tile, tile), dtype=np.float32)
    width = max(0.6, 0.16 * frame.pixels_per_mm)
    mesh = cv2.GaussianBlur(noise, (0, 0), width, sigmaY=2.2 * width)
    mesh *= np.float32(0.07) / mesh.std()
    repeats = -(-frame.size // tile)
    return 1.0 + np.tile(mesh, (repeats, repeats))[: frame.size, : frame.size]


def _add_metal(
    canvas: np.ndarray,
    patient: Patient,
    skeleton: Skeleton,
    frame: Frame,
    polygons: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Draw what the patient wears or carries."""
    drawing = Drawing(canvas)

    def projection(label: str) -> Projection:
        return _project(skeleton.bones[label], polygons[label], frame)

    def half_width(label: str) -> float:
        return float(skeleton.bones[label].half_widths.max())

    if patient.ring:
        for label in rng.choice(('finger-6', 'finger-10', 'finger-14', 'finger-14'), 1):
            draw_ring(drawing, projection(label), half_width(label) + 2.4, rng)
    if patient.nail_art:
        for label in ('finger-1', 'finger-4', 'finger-8', 'finger-12', 'finger-16'):
            if rng.random() < 0.7:
                draw_nail_art(drawing, projection(label), half_width(label) * 0.95, rng)
    if patient.pins:
        if rng.random() < 0.5:
            label = rng.choice(('finger-7', 'finger-19', 'finger-3', 'finger-14', 'Radius'))
            draw_wires(drawing, projection(str(label)), rng)
        else:
            label = rng.choice(('finger-7', 'finger-11', 'finger-19', 'Radius'))
            draw_plate(drawing, projection(str(label)), rng)
