"""One wild phantom: image, polygons and patient."""

from dataclasses import dataclass, replace

import numpy as np

from handbone.bones import CLASSES
from handbone.phantom.anatomy import Anatomy, sample_anatomy
from handbone.phantom.exposure import enhance_edges, expose, sample_exposure
from handbone.phantom.patient import Patient, sample_patient
from handbone.phantom.pose import sample_pose
from handbone.phantom.rendering import add_metal, attenuation
from handbone.phantom.scene import Phantom, Scene, random_stream
from handbone.phantom.skeleton import build_skeleton
from handbone.phantom.wild.film import lay_over, scan, shade, soil, tone, uniform
from handbone.phantom.wild.placement import (
    Windows,
    move_into,
    sample_frame,
    sample_halves,
    sample_windows,
    vary_placement,
)
from handbone.phantom.wild.plate import add_plate
from handbone.phantom.wild.settings import WildSettings
from handbone.phantom.wild.windows import depth_inside, frame_window

# Purposes of the streams of random numbers, from the first hand; the second has its own.
_POSE, _EXPOSURE, _METAL, _NOISE = 1, 2, 3, 4
_PLACEMENT, _WINDOWS, _FILM, _PLATE = 11, 12, 13, 14
_SECOND_HAND = 20


@dataclass(frozen=True)
class WildScene(Scene):
    """One hand of a wild radiograph, before pixels are drawn.

    Args:
        windows: Where the hand can be seen.
    """

    windows: Windows


@dataclass(frozen=True)
class WildFilm:
    """The exposures of a film.

    Args:
        hand: The hand.
        visible: Whether it was on the plate.
        other_field: Corners of the field of a second exposure in pixels; None if there is one only.
        other_hand: The hand in it; None if it is empty.
        polygons: Class name and outline in pixels of the visible bones of all hands, in class
            order.
    """

    hand: WildScene
    visible: bool
    other_field: np.ndarray | None
    other_hand: WildScene | None
    polygons: list[tuple[str, np.ndarray]]


def patient_of_wild(
    seed: int, index: int, settings: WildSettings
) -> tuple[Patient, np.random.Generator]:
    """Draw the patient of an image.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.

    Returns:
        The patient, and the source of randomness from which the anatomy is drawn next.
    """
    rng = random_stream(seed, index // 2, 0)
    return sample_patient(rng, settings.hand), rng


def compose_film(seed: int, index: int, settings: WildSettings, size: int) -> WildFilm:
    """Plan one wild radiograph without drawing it.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.
        size: Side of the image in pixels.

    Returns:
        The exposures of the film.
    """
    patient, rng = patient_of_wild(seed, index, settings)
    anatomy = sample_anatomy(rng, patient, settings.hand.shape_variation)
    rng = random_stream(seed, index, _PLACEMENT)
    sampled = _compose_hand(seed, index, 0, patient, anatomy, settings, size)
    second, absent, both = rng.random(3) < (
        settings.film.two_exposures_rate,
        settings.placement.absent_rate,
        settings.film.second_hand_rate,
    )
    other, other_field = None, None
    if second:
        field, other_field = sample_halves(rng, size, settings.film)
        sheet = sampled.windows.sheet
        sampled = _compose_hand(seed, index, 0, patient, anatomy, settings, size, (field, sheet))
        if both and not absent:
            other = _compose_hand(
                seed, index, _SECOND_HAND, patient, anatomy, settings, size, (other_field, sheet)
            )
    hands = [] if absent else [sampled, *([other] if other else [])]
    polygons = [polygon for hand in hands for polygon in hand.polygons]
    polygons.sort(key=lambda polygon: CLASSES.index(polygon[0]))
    return WildFilm(sampled, not absent, other_field, other, polygons)


def _compose_hand(
    seed: int,
    index: int,
    purpose: int,
    patient: Patient,
    anatomy: Anatomy,
    settings: WildSettings,
    size: int,
    half: tuple[np.ndarray, np.ndarray | None] | None = None,
) -> WildScene:
    """Pose one hand of a patient and place it in the image, or in a field of a given sheet."""
    rng = random_stream(seed, index, _WINDOWS + purpose)
    pose = sample_pose(random_stream(seed, index, _POSE + purpose), settings.hand)
    pose = vary_placement(rng, pose, settings.placement)
    if half is not None:
        pose = replace(pose, fill=0.5 * pose.fill)
    exposure = sample_exposure(random_stream(seed, index, _EXPOSURE + purpose), settings.hand)
    side = 'RL'[(index + (purpose > 0)) % 2]
    skeleton = build_skeleton(anatomy, pose)
    frame = sample_frame(
        rng, skeleton, anatomy, pose, exposure, side == 'L', size, settings.placement
    )
    if half is None:
        windows = sample_windows(rng, skeleton, anatomy, frame, settings.film)
    else:
        windows = Windows(*half)
        frame = move_into(frame, half[0], pose.place)
    outlines = {label: frame.outline(bone.outline) for label, bone in skeleton.bones.items()}
    polygons = [(label, part) for label in CLASSES for part in windows.parts(outlines[label], size)]
    return WildScene(
        patient, anatomy, pose, exposure, side, skeleton, frame, outlines, polygons, windows
    )


def generate_wild(seed: int, index: int, settings: WildSettings, size: int) -> Phantom:
    """Generate one wild radiograph.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.
        size: Side of the image in pixels.

    Returns:
        The radiograph.
    """
    film, look = compose_film(seed, index, settings, size), settings.film
    hand, windows = film.hand, film.hand.windows
    rng = random_stream(seed, index, _FILM)
    image = _expose_hand(hand, film.visible, seed, index, 0, rng, settings)
    if windows.field is not None:
        image = lay_over(image, _outside(rng, settings), windows.field, rng, look)
    if film.other_field is not None:
        other = replace(hand, windows=replace(windows, field=film.other_field))
        second = _expose_hand(
            film.other_hand or other,
            film.other_hand is not None,
            seed,
            index,
            _SECOND_HAND,
            rng,
            settings,
        )
        image = lay_over(second, image, film.other_field, rng, look)
    if windows.sheet is not None:
        image = lay_over(image, _outside(rng, settings), windows.sheet, rng, look)
    shade(image, rng, look)
    soil(image, rng, look)
    pixels = scan(image, rng, look)
    return Phantom(pixels, film.polygons, hand.patient, hand.side, hand.pose, hand.exposure)


def _outside(rng: np.random.Generator, settings: WildSettings) -> float:
    """Grey value outside a field or sheet."""
    grey = uniform(rng, settings.film.outside)
    return 0.0 if rng.random() < settings.film.black_rate else grey


def _expose_hand(
    scene: WildScene,
    visible: bool,
    seed: int,
    index: int,
    purpose: int,
    film_rng: np.random.Generator,
    settings: WildSettings,
) -> np.ndarray:
    """Grey values of one exposure, float32 array (size, size)."""
    noise_rng = random_stream(seed, index, _NOISE + purpose)
    size = scene.frame.size
    soft = uniform(film_rng, settings.film.soft_tissue)
    hard = uniform(film_rng, settings.film.bone)
    field = scene.windows.field if scene.windows.field is not None else frame_window(size)
    densest = 1.0
    if visible:
        anatomy = replace(scene.anatomy, density=scene.anatomy.density * hard)
        canvas = attenuation(replace(scene, anatomy=anatomy), noise_rng, soft)
        coarse = canvas[::8, ::8]
        seen = coarse[(depth_inside(field, size)[::8, ::8] > 0.0) & (coarse > 0.02)]
        densest = max(0.3, float(np.percentile(seen, 99.0)) if len(seen) else 1.0)
        add_metal(canvas, scene, random_stream(seed, index, _METAL + purpose))
    else:
        canvas = np.zeros((size, size), np.float32)
    plate_rng = random_stream(seed, index, _PLATE + purpose)
    add_plate(canvas, field, scene.side, settings.plate, plate_rng)
    measured = expose(canvas, scene.exposure, noise_rng)
    density = enhance_edges(measured, scene.exposure.sharpening)
    return tone(density, densest, film_rng, settings.film)
