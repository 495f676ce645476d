"""What covers a hand: casts, splints, and the folds of its own skin."""

import cv2
import numpy as np

from handbone.phantom.scene import Scene
from handbone.phantom.soft_tissue import draw_chain, soft_parts
from handbone.phantom.wild.dresser import Dresser
from handbone.phantom.wild.film import uniform, whole
from handbone.phantom.wild.settings import GrowthSettings
from handbone.phantom.wild.things_settings import ThingsSettings


def add_dressings(
    canvas: np.ndarray, scene: Scene, things: ThingsSettings, rng: np.random.Generator
) -> None:
    """Put a hand into a cast or onto a splint.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        scene: The hand.
        things: How often, and how thick.
        rng: Source of randomness.
    """
    dresser = Dresser(canvas, scene, rng)
    cast, splint = rng.random(2) < (things.cast_rate, things.splint_rate)
    if cast:
        _add_cast(dresser, things)
    if splint:
        _add_splint(dresser, things)


def add_folds(
    canvas: np.ndarray, scene: Scene, growth: GrowthSettings, rng: np.random.Generator
) -> None:
    """Add the folds of skin that infants have at the wrist: sharp on one side, soft on the other.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        scene: The hand.
        growth: How often.
        rng: Source of randomness.
    """
    if rng.random() >= growth.folds_rate or scene.patient.age > 3:
        return
    folds = np.zeros_like(canvas)
    dresser = Dresser(folds, scene, rng)
    across, steps = np.linspace(-1.0, 1.0, 31), 8
    for _ in range(whole(rng, growth.folds)):
        place, bow = rng.uniform(-5.0, 25.0), rng.uniform(-14.0, 14.0)
        half = rng.uniform(20.0, 34.0)
        value, softer = rng.uniform(0.04, 0.16), float(rng.choice((-1.0, 1.0)))
        for step in range(steps):
            along = place + bow * (1.0 - across**2) + softer * 0.9 * step
            shade = value * (1.0 - step / steps)
            dresser.line(dresser.forearm(along, across * half), 1.0, shade)
    # A fold ends at the skin.
    canvas += folds * np.clip(canvas * np.float32(3.0) - np.float32(0.3), 0.0, 1.0)


def _add_cast(dresser: Dresser, things: ThingsSettings) -> None:
    """Wrap palm and forearm, sometimes the thumb, in plaster or fibreglass."""
    scene, rng = dresser.scene, dresser.rng
    wall, attenuation = uniform(rng, things.cast_wall), uniform(rng, things.cast_attenuation)
    shrink = max(1, scene.frame.size // 512)
    size, scale = scene.frame.size // shrink, dresser.pixels / shrink
    mask = np.zeros((size, size), np.uint8)
    parts = soft_parts(scene.skeleton, scene.anatomy.scale, scene.anatomy.flesh)
    with_thumb = rng.random() < things.cast_thumb_rate
    for name, chain in parts.items():
        if not (name.startswith('palm') or name == 'forearm' or (with_thumb and name == 'thumb')):
            continue
        centres = scene.frame.project(np.array([centre for centre, _ in chain]))
        radii = np.array([radius for _, radius in chain]) / scene.anatomy.scale + wall
        # Without the knuckles, so that the fingers come out of the cast.
        kept = slice(1, None) if name.startswith('palm-') and name[5:].isdigit() else slice(None)
        draw_chain(mask, ((centres + 0.5) / shrink - 0.5)[kept], radii[kept] * scale)
    gap = np.ones((max(1, round(12.0 * scale)),) * 2, np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, gap).astype(np.uint8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / np.float32(scale)
    # The beam passes two walls in the middle and much more of them at the edges.
    crossed = 2.0 * wall * (1.0 + 1.2 * np.exp(-depth / wall))
    blotches = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), max(0.6, 1.2 * scale))
    texture = np.asarray(blotches) * (rng.uniform(0.04, 0.15) / max(float(blotches.std()), 1e-9))
    if rng.random() < 0.5:
        rows, columns = np.mgrid[:size, :size] / max(scale, 0.1) * rng.uniform(1.5, 3.0)
        texture += 0.06 * np.sin(rows + columns) + 0.06 * np.sin(rows - columns)
    cast = np.minimum(depth, 1.0) * crossed * (1.0 + texture) * attenuation
    shape = dresser.canvas.shape[::-1]
    dresser.canvas += cv2.resize(cast.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR)


def _add_splint(dresser: Dresser, things: ThingsSettings) -> None:
    """Add a rail along a finger or along the wrist."""
    rng, scene = dresser.rng, dresser.scene
    bones = scene.skeleton.bones
    if rng.random() < things.finger_splint_rate:
        start = bones[str(rng.choice(('finger-7', 'finger-11', 'finger-15', 'finger-19')))].axis
        axis, half = start[1] - start[0], 0.5 * uniform(rng, things.finger_splint_width)
        ends = np.array([start[1] - 0.4 * axis, start[1] + rng.uniform(0.6, 1.6) * axis])
    else:
        shift, half = rng.uniform(-14.0, 14.0), 0.5 * uniform(rng, things.wrist_splint_width)
        low, high = rng.uniform(-75.0, -20.0), rng.uniform(60.0, 160.0)
        ends = dresser.forearm(np.array([low, high]), np.array([shift, shift]))
    value = uniform(rng, things.splint_attenuation)
    dresser.line(ends, 2.0 * half, value)
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    side = np.array([along[1], -along[0]]) * half * scene.anatomy.scale
    for sign in (-1.0, 1.0):
        dresser.line(ends + sign * side, rng.uniform(0.6, 1.6), 2.0 * value)
