"""One wild phantom: image, polygons and patient."""

from dataclasses import dataclass, replace

import numpy as np

from handbone.bones import CLASSES
from handbone.phantom.anatomy import Anatomy, sample_anatomy
from handbone.phantom.exposure import enhance_edges, expose, sample_exposure
from handbone.phantom.patient import Patient
from handbone.phantom.pose import sample_pose
from handbone.phantom.rendering import add_metal, attenuation
from handbone.phantom.scene import Phantom, Scene, random_stream
from handbone.phantom.skeleton import build_skeleton
from handbone.phantom.wild.disease import (
    amputate,
    change_anatomy,
    change_pose,
    erode,
    sample_amputations,
)
from handbone.phantom.wild.dressings import add_dressings, add_folds
from handbone.phantom.wild.film import lay_over, scan, shade, soil, tone, uniform
from handbone.phantom.wild.growth import grow_back, grown, sample_person
from handbone.phantom.wild.placement import (
    Windows,
    fit_exposure,
    move_into,
    sample_frame,
    sample_halves,
    sample_view,
    sample_windows,
    vary_placement,
)
from handbone.phantom.wild.plate import add_plate
from handbone.phantom.wild.settings import WildSettings
from handbone.phantom.wild.things import add_things
from handbone.phantom.wild.view import turn_view
from handbone.phantom.wild.windows import depth_inside, frame_window

# Purposes of the streams of random numbers. Those of a second hand are moved by _SECOND_HAND.
_POSE, _EXPOSURE, _METAL, _NOISE = 1, 2, 3, 4
_PLACEMENT, _WINDOWS, _FILM, _PLATE, _BODY, _DISEASE, _EROSIONS, _THINGS = range(11, 19)
_SECOND_HAND = 20


@dataclass(frozen=True)
class _Hand:
    """Which hand of which image is drawn, from which its random numbers follow.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        second: Whether it is the second hand of a film.
    """

    seed: int
    index: int
    second: bool = False

    @property
    def side(self) -> str:
        """'R' or 'L'."""
        return 'RL'[(self.index + self.second) % 2]

    def stream(self, purpose: int) -> np.random.Generator:
        """Source of random numbers for a purpose."""
        return random_stream(self.seed, self.index, purpose + self.second * _SECOND_HAND)


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


def sample_wild_patient(seed: int, index: int, settings: WildSettings) -> tuple[Patient, Anatomy]:
    """Draw the patient of an image and the shape of the hands.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.

    Returns:
        The patient, and the shape of the bones.
    """
    rng = random_stream(seed, index // 2, 0)
    patient, bone_age = sample_person(rng, settings.hand, settings.growth)
    anatomy = sample_anatomy(rng, grown(patient), settings.hand)
    rng = random_stream(seed, index // 2, _BODY)
    anatomy = grow_back(anatomy, bone_age, settings.growth, rng)
    return patient, change_anatomy(anatomy, rng, settings.disease)


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
    patient, anatomy = sample_wild_patient(seed, index, settings)
    first = _Hand(seed, index)
    rng = first.stream(_PLACEMENT)
    hand = _compose_hand(first, patient, anatomy, settings, size)
    two, absent, both = rng.random(3) < (
        settings.film.two_exposures_rate,
        settings.placement.absent_rate,
        settings.film.second_hand_rate,
    )
    other, other_field = None, None
    if two:
        field, other_field = sample_halves(rng, size, settings.film)
        sheet = hand.windows.sheet
        hand = _compose_hand(first, patient, anatomy, settings, size, Windows(field, sheet))
        if both and not absent:
            second, windows = replace(first, second=True), Windows(other_field, sheet)
            other = _compose_hand(second, patient, anatomy, settings, size, windows)
    hands = [] if absent else [hand, *([other] if other else [])]
    polygons = [polygon for scene in hands for polygon in scene.polygons]
    polygons.sort(key=lambda polygon: CLASSES.index(polygon[0]))
    return WildFilm(hand, not absent, other_field, other, polygons)


def _compose_hand(
    hand: _Hand,
    patient: Patient,
    anatomy: Anatomy,
    settings: WildSettings,
    size: int,
    windows: Windows | None = None,
) -> WildScene:
    """Pose one hand of a patient and place it in the image, or in a given window of it."""
    rng = hand.stream(_WINDOWS)
    pose = sample_pose(hand.stream(_POSE), settings.hand)
    pose = vary_placement(rng, pose, settings.placement)
    if windows is not None:
        smallest = min(settings.placement.small_fill[0], settings.hand.fill[0])
        pose = fit_exposure(pose, settings.film, smallest)
    exposure = sample_exposure(hand.stream(_EXPOSURE), settings.hand)
    disease_rng = hand.stream(_DISEASE)
    pose = change_pose(pose, disease_rng, settings.disease)
    skeleton = build_skeleton(anatomy, pose)
    view = sample_view(disease_rng, settings.placement)
    if view:
        skeleton = turn_view(skeleton, pose, view, anatomy.scale, settings.placement.narrowing)
    skeleton = amputate(skeleton, sample_amputations(disease_rng, settings.disease))
    mirrored = hand.side == 'L'
    frame = sample_frame(rng, skeleton, anatomy, pose, exposure, mirrored, size, settings.placement)
    if windows is None:
        windows = sample_windows(rng, skeleton, anatomy, frame, settings.film)
    elif windows.field is not None:
        frame = move_into(frame, windows.field, pose.place)
    outlines = {label: frame.outline(bone.outline) for label, bone in skeleton.bones.items()}
    ossified = [*outlines.items()]
    ossified += [(part.label, frame.outline(part.outline)) for part in skeleton.epiphyses]
    ossified.sort(key=lambda bone: CLASSES.index(bone[0]))
    polygons = [(label, part) for label, points in ossified for part in windows.parts(points, size)]
    return WildScene(
        patient, anatomy, pose, exposure, hand.side, skeleton, frame, outlines, polygons, windows
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
    first, windows = _Hand(seed, index), film.hand.windows
    rng = first.stream(_FILM)
    image = _expose(film.hand, first, film.visible, rng, settings)
    if windows.field is not None:
        image = lay_over(image, _outside(rng, settings), windows.field, rng, look)
    if film.other_field is not None:
        empty = replace(film.hand, windows=replace(windows, field=film.other_field))
        other, shown = film.other_hand or empty, film.other_hand is not None
        second = _expose(other, replace(first, second=True), shown, rng, settings)
        image = lay_over(second, image, film.other_field, rng, look)
    if windows.sheet is not None:
        image = lay_over(image, _outside(rng, settings), windows.sheet, rng, look)
    shade(image, rng, look)
    soil(image, rng, look)
    pixels = scan(image, rng, look)
    hand = film.hand
    return Phantom(pixels, film.polygons, hand.patient, hand.side, hand.pose, hand.exposure)


def _outside(rng: np.random.Generator, settings: WildSettings) -> float:
    """Grey value outside a field or sheet."""
    grey = uniform(rng, settings.film.outside)
    return 0.0 if rng.random() < settings.film.black_rate else grey


def _expose(
    scene: WildScene,
    hand: _Hand,
    visible: bool,
    film_rng: np.random.Generator,
    settings: WildSettings,
) -> np.ndarray:
    """Grey values of one exposure, with or without its hand, float32 array (size, size)."""
    noise_rng = hand.stream(_NOISE)
    size = scene.frame.size
    soft = uniform(film_rng, settings.film.soft_tissue)
    hard = uniform(film_rng, settings.film.bone)
    field = scene.windows.field if scene.windows.field is not None else frame_window(size)
    canvas, densest = np.zeros((size, size), np.float32), 1.0
    if visible:
        anatomy = replace(scene.anatomy, density=scene.anatomy.density * hard)
        canvas = attenuation(replace(scene, anatomy=anatomy), noise_rng, soft)
        erode(canvas, scene.outlines, scene.frame, hand.stream(_EROSIONS), settings.disease)
        things_rng = hand.stream(_THINGS)
        add_folds(canvas, scene, settings.growth, things_rng)
        add_dressings(canvas, scene, settings.things, things_rng)
        coarse = canvas[::8, ::8]
        seen = coarse[(depth_inside(field, size)[::8, ::8] > 0.0) & (coarse > 0.02)]
        densest = max(0.3, float(np.percentile(seen, 99.0)) if len(seen) else 1.0)
        add_metal(canvas, scene, hand.stream(_METAL))
        add_things(canvas, scene, settings.things, things_rng)
    add_plate(canvas, field, scene.side, settings.plate, hand.stream(_PLATE))
    measured = expose(canvas, scene.exposure, noise_rng)
    density = enhance_edges(measured, scene.exposure.sharpening)
    return tone(density, densest, film_rng, settings.film)
