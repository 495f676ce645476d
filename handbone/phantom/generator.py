"""One synthetic hand radiograph: image, polygons and patient."""

from dataclasses import dataclass

import cv2
import numpy as np

from handbone.bones import CLASSES
from handbone.errors import HandboneError
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
from handbone.phantom.skeleton import Skeleton, build_skeleton
from handbone.phantom.soft_tissue import Circles, draw_soft_tissue, muscle_bellies, soft_parts

DEFAULT_SETTINGS = PRESETS['default'].train


@dataclass(frozen=True)
class Phantom:
    """A synthetic radiograph with its annotations.

    Args:
        image: Grey values, uint8 array (size, size).
        polygons: Class name and outline in pixels, float array (n, 2) of (x, y) in quarter pixels;
            integers are pixel centres. One polygon for each bone seen, in class order.
        patient: The patient.
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


@dataclass(frozen=True)
class Scene:
    """Everything that is decided before pixels are drawn.

    Args:
        patient: The patient.
        anatomy: The shape of the bones.
        pose: The pose of the hand.
        exposure: How the image is taken.
        side: 'R' or 'L'.
        skeleton: The posed bones in millimetres.
        frame: Where the hand lies in the image.
        outlines: Complete outline of each bone in pixels, which may extend beyond the image.
        polygons: As in :class:`Phantom`.
    """

    patient: Patient
    anatomy: Anatomy
    pose: Pose
    exposure: Exposure
    side: str
    skeleton: Skeleton
    frame: Frame
    outlines: dict[str, np.ndarray]
    polygons: list[tuple[str, np.ndarray]]


def generate(
    seed: int, index: int, settings: PhantomSettings = DEFAULT_SETTINGS, size: int = 2048
) -> Phantom:
    """Generate one radiograph.

    Images 2k and 2k + 1 are the right and the left hand of patient k. A seed and an index give the
    same polygons everywhere, and the same anatomy at every size.

    Args:
        seed: Seed of the dataset, at least 0.
        index: Number of the image, at least 0.
        settings: Distributions to draw from.
        size: Side of the image in pixels, a multiple of 32 from 256.

    Returns:
        The radiograph.

    Raises:
        HandboneError: If seed, index or size are out of range.
    """
    scene = compose(seed, index, settings, size)
    noise_rng = _stream(seed, index, 4)
    attenuation = _attenuation(scene, noise_rng)
    _add_metal(attenuation, scene, _stream(seed, index, 3))
    if scene.exposure.marker:
        place = scene.exposure.marker_place
        draw_marker(Drawing(attenuation), scene.side, scene.frame.field, place)
    measured = expose(attenuation, scene.exposure, noise_rng)
    return Phantom(
        image=scene.frame.collimate(develop(measured, scene.exposure)),
        polygons=scene.polygons,
        patient=scene.patient,
        side=scene.side,
        pose=scene.pose,
        exposure=scene.exposure,
    )


def compose(
    seed: int, index: int, settings: PhantomSettings = DEFAULT_SETTINGS, size: int = 2048
) -> Scene:
    """Plan one radiograph without drawing it; arguments as for :func:`generate`.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.
        size: Side of the image in pixels.

    Returns:
        The scene.

    Raises:
        HandboneError: If seed, index or size are out of range.
    """
    if seed < 0 or index < 0:
        raise HandboneError(f'seed and index are at least 0, not {seed} and {index}')
    if size < 256 or size % 32:
        raise HandboneError(f'size is a multiple of 32 from 256, not {size}')
    patient, rng = patient_of(seed, index, settings)
    anatomy = sample_anatomy(rng, patient, settings.shape_variation)
    pose = sample_pose(_stream(seed, index, 1), settings)
    exposure = sample_exposure(_stream(seed, index, 2), settings)
    side = 'RL'[index % 2]
    skeleton = build_skeleton(anatomy, pose)
    frame = place_hand(skeleton, anatomy, pose, exposure, side == 'L', size)
    outlines = {label: frame.outline(bone.outline) for label, bone in skeleton.bones.items()}
    seen = [(label, frame.clip(outlines[label])) for label in CLASSES]
    polygons = [(label, points) for label, points in seen if len(points) >= 3]
    return Scene(patient, anatomy, pose, exposure, side, skeleton, frame, outlines, polygons)


def patient_of(
    seed: int, index: int, settings: PhantomSettings
) -> tuple[Patient, np.random.Generator]:
    """Draw the patient of an image.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.

    Returns:
        The patient, and the source of randomness from which the anatomy is drawn next.
    """
    rng = _stream(seed, index // 2, 0)
    return sample_patient(rng, settings), rng


def _stream(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Make an independent source of randomness, so that one part can change without the others."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, purpose])))


def _attenuation(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Sum soft tissue and bones along the beam, float32 array (size, size)."""
    skeleton, anatomy, frame = scene.skeleton, scene.anatomy, scene.frame
    canvas = np.zeros((frame.size, frame.size), np.float32)
    texture = _trabeculae(frame, rng)
    drawn = [(bone, scene.outlines[label]) for label, bone in skeleton.bones.items()]
    drawn += [(detail, frame.outline(detail.outline)) for detail in skeleton.details]
    for bone, outline in drawn:
        table = crossing_table(bone, anatomy.cortex, anatomy.growth_plates)
        projection = Projection(outline, frame.project(bone.axis), frame.pixels_per_mm)
        add_bone(canvas, bone, projection, table, texture)
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
    noise = rng.standard_normal((128, 128), dtype=np.float32)
    clouds: np.ndarray = cv2.GaussianBlur(noise, (0, 0), max(0.8, 2.5 * scale * 128 / size))
    clouds *= np.float32(0.03) / clouds.std()
    soft *= 1.0 + cv2.resize(clouds, soft.shape, interpolation=cv2.INTER_CUBIC)
    return soft * np.float32(SOFT_TISSUE)


def _trabeculae(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """Fine mesh of trabeculae, stretched along the hand: relative density, float32 (size, size)."""
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


def _add_metal(canvas: np.ndarray, scene: Scene, rng: np.random.Generator) -> None:
    """Draw what the patient wears or carries."""
    drawing = Drawing(canvas)
    patient, bones = scene.patient, scene.skeleton.bones

    def projection(label: str) -> Projection:
        axis = scene.frame.project(bones[label].axis)
        return Projection(scene.outlines[label], axis, scene.frame.pixels_per_mm)

    def half_width(label: str) -> float:
        return float(bones[label].half_widths.max())

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
