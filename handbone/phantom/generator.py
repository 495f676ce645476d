"""One synthetic hand radiograph: image, polygons and patient."""

from dataclasses import replace

from handbone.bones import CLASSES
from handbone.errors import HandboneError
from handbone.phantom.accessories import Drawing, draw_marker
from handbone.phantom.anatomy import sample_anatomy
from handbone.phantom.exposure import develop, expose, sample_exposure
from handbone.phantom.frame import place_hand
from handbone.phantom.patient import Patient, sample_patient
from handbone.phantom.pose import sample_pose
from handbone.phantom.presets import PRESETS, Settings
from handbone.phantom.rendering import add_metal, attenuation
from handbone.phantom.scene import Phantom, Scene, random_stream
from handbone.phantom.skeleton import build_skeleton
from handbone.phantom.wild.generator import compose_film, generate_wild, sample_wild_patient
from handbone.phantom.wild.settings import WildSettings

DEFAULT_SETTINGS = PRESETS['default'].train


def generate(
    seed: int, index: int, settings: Settings = DEFAULT_SETTINGS, size: int = 2048
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
    check_numbers(seed, index, size)
    if isinstance(settings, WildSettings):
        return generate_wild(seed, index, settings, size)
    scene = compose(seed, index, settings, size)
    noise_rng = random_stream(seed, index, 4)
    canvas = attenuation(scene, noise_rng)
    add_metal(canvas, scene, random_stream(seed, index, 3))
    if scene.exposure.marker:
        place = scene.exposure.marker_place
        draw_marker(Drawing(canvas), scene.side, scene.frame.field, place)
    measured = expose(canvas, scene.exposure, noise_rng)
    return Phantom(
        image=scene.frame.collimate(develop(measured, scene.exposure)),
        polygons=scene.polygons,
        patient=scene.patient,
        side=scene.side,
        pose=scene.pose,
        exposure=scene.exposure,
    )


def compose(
    seed: int, index: int, settings: Settings = DEFAULT_SETTINGS, size: int = 2048
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
    check_numbers(seed, index, size)
    if isinstance(settings, WildSettings):
        film = compose_film(seed, index, settings, size)
        return replace(film.hand, polygons=film.polygons)
    rng = random_stream(seed, index // 2, 0)
    patient = sample_patient(rng, settings)
    anatomy = sample_anatomy(rng, patient, settings)
    pose = sample_pose(random_stream(seed, index, 1), settings)
    exposure = sample_exposure(random_stream(seed, index, 2), settings)
    side = 'RL'[index % 2]
    skeleton = build_skeleton(anatomy, pose)
    frame = place_hand(skeleton, anatomy, pose, exposure, side == 'L', size)
    outlines = {label: frame.outline(bone.outline) for label, bone in skeleton.bones.items()}
    seen = [(label, frame.clip(outlines[label])) for label in CLASSES]
    polygons = [(label, points) for label, points in seen if len(points) >= 3]
    return Scene(patient, anatomy, pose, exposure, side, skeleton, frame, outlines, polygons)


def patient_of(seed: int, index: int, settings: Settings) -> Patient:
    """Draw the patient of an image.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        settings: Distributions to draw from.

    Returns:
        The patient.
    """
    if isinstance(settings, WildSettings):
        return sample_wild_patient(seed, index, settings)[0]
    return sample_patient(random_stream(seed, index // 2, 0), settings)


def check_numbers(seed: int, index: int, size: int) -> None:
    """Check what :func:`generate` takes.

    Args:
        seed: Seed of the dataset.
        index: Number of the image.
        size: Side of the image in pixels.

    Raises:
        HandboneError: If one of them is out of its range.
    """
    if seed < 0 or index < 0:
        raise HandboneError(f'seed and index are at least 0, not {seed} and {index}')
    if size < 256 or size % 32:
        raise HandboneError(f'size is a multiple of 32 from 256, not {size}')
