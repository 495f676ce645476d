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
from handbone.phantom.soft_tissue import Circles, draw_soft_tissue, muscle_bellies, soft_parts

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
    canvas = np.zeros((frame.size, frame.size), np.float32)
    texture = _trabeculae(frame, rng)
    drawn = [(bone, polygons[label]) for label, bone in skeleton.bones.items()]
    drawn += [(detail, frame.outline(detail.outline)) for detail in skeleton.details]
    for bone, outline in drawn:
        table = crossing_table(bone, anatomy.cortex, anatomy.growth_plates)
        add_bone(canvas, bone, _project(bone, outline, frame), table, texture)
    canvas *= np.float32(BONE * anatomy.density)
    canvas += cv2.resize(
        _soft_attenuation(skeleton, anatomy, frame, rng),
        canvas.shape,
        interpolation=cv2.INTER_LINEAR,
    )
    return canvas


def _soft_attenuation(
    skeleton: Skeleton, anatomy: Anatomy, frame: Frame, rng: np.random.Generator
) -> np.ndarray:
    """Attenuation of soft tissue, which has no fine detail, in a drawing of about 512 pixels."""
    shrink = max(1, frame.size // 512)
    size, scale = frame.size // shrink, frame.pixels_per_mm / shrink

    def circles(chain: Circles) -> tuple[np.ndarray, np.ndarray]:
        centres = frame.project(np.array([centre for centre, _ in chain]))
        return (centres + 0.5) / shrink - 0.5, np.array([radius for _, radius in chain]) * scale

    parts = soft_parts(skeleton, anatomy.scale, anatomy.flesh)
    soft = draw_soft_tissue(
        {name: circles(chain) for name, chain in parts.items()},
        circles(muscle_bellies(skeleton)),
        size,
        scale,
        anatomy.flesh,
    )
    # Fat between muscles: faint clouds a few millimetres wide.
    clouds = rng.standard_normal((128, 128), dtype=np.float32)
    clouds = cv2.GaussianBlur(clouds, (0, 0), max(0.8, 2.5 * scale * 128 / size))
    clouds *= np.float32(0.03) / clouds.std()
    soft *= 1.0 + cv2.resize(clouds, soft.shape, interpolation=cv2.INTER_CUBIC)
    return soft * np.float32(SOFT_TISSUE)


def _project(bone: Bone, outline: np.ndarray, frame: Frame) -> Projection:
    return Projection(outline, frame.project(bone.axis), frame.pixels_per_mm)


def _trabeculae(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Fine mesh of trabeculae, drawn out along the hand: relative density, float32 (size, size)."""
    tile, reach = 512, 8
    noise = rng.standard_normal((tile, tile), dtype=np.float32)
    width = max(0.6, 0.15 * frame.pixels_per_mm)
    along, across = (direction @ frame.matrix for direction in np.eye(2)[::-1])
    places = np.mgrid[-reach : reach + 1, -reach : reach + 1][::-1].transpose(1, 2, 0)
    stretch = (places @ along / (2.2 * width)) ** 2 + (places @ across / width) ** 2
    wrapped = np.pad(noise, reach, mode='wrap')
    mesh = cv2.filter2D(wrapped, -1, np.exp(-stretch / 2.0))[reach:-reach, reach:-reach]
    mesh *= np.float32(0.08) / mesh.std()
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
