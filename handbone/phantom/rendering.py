"""The hand as attenuation: soft tissue, bones and metal along the beam."""

import cv2
import numpy as np

from handbone.phantom.accessories import Drawing, draw_nail_art, draw_plate, draw_ring, draw_wires
from handbone.phantom.anatomy import Anatomy
from handbone.phantom.attenuation import Projection, add_bone, crossing_table
from handbone.phantom.exposure import BONE, SOFT_TISSUE
from handbone.phantom.frame import Frame
from handbone.phantom.scene import Scene
from handbone.phantom.skeleton import Skeleton
from handbone.phantom.soft_tissue import Circles, draw_soft_tissue, muscle_bellies, soft_parts


def attenuation(scene: Scene, rng: np.random.Generator, soft: float = 1.0) -> np.ndarray:
    """Sum soft tissue and bones along the beam.

    Args:
        scene: The posed hand and its place in the image.
        rng: Source of the texture.
        soft: Attenuation of soft tissue relative to the usual one.

    Returns:
        Attenuation, float32 array (size, size).
    """
    skeleton, anatomy, frame = scene.skeleton, scene.anatomy, scene.frame
    canvas = np.zeros((frame.size, frame.size), np.float32)
    texture = _trabeculae(frame, rng)
    drawn = [(bone, scene.outlines[label]) for label, bone in skeleton.bones.items()]
    parts = skeleton.details + skeleton.epiphyses
    drawn += [(part, frame.outline(part.outline)) for part in parts]
    for bone, outline in drawn:
        table = crossing_table(bone, anatomy.cortex, anatomy.growth_plates)
        projection = Projection(outline, frame.project(bone.axis), frame.pixels_per_mm)
        add_bone(canvas, bone, projection, table, texture)
    canvas *= np.float32(BONE * anatomy.density)
    canvas += cv2.resize(
        _soft_attenuation(skeleton, anatomy, frame, rng) * np.float32(soft),
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


def add_metal(canvas: np.ndarray, scene: Scene, rng: np.random.Generator) -> None:
    """Draw what the patient wears or carries.

    Args:
        canvas: Attenuation, float32 array (size, size), changed in place.
        scene: The hand.
        rng: Source of randomness.
    """
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
            if rng.random() < 0.7 and label in bones:
                draw_nail_art(drawing, projection(label), half_width(label) * 0.95, rng)
    if patient.pins:
        if rng.random() < 0.5:
            label = rng.choice(('finger-7', 'finger-19', 'finger-3', 'finger-14', 'Radius'))
            draw_wires(drawing, projection(str(label)), rng)
        else:
            label = rng.choice(('finger-7', 'finger-11', 'finger-19', 'Radius'))
            draw_plate(drawing, projection(str(label)), rng)
