"""What a hand wears or carries: watches, bracelets, cannulas, surgical metal, casts and splints."""

from collections.abc import Callable

import cv2
import numpy as np

from handbone.phantom.accessories import Drawing
from handbone.phantom.scene import Scene
from handbone.phantom.skeleton import direction
from handbone.phantom.soft_tissue import draw_chain, soft_parts
from handbone.phantom.wild.film import uniform
from handbone.phantom.wild.settings import GrowthSettings, ThingsSettings

_STEEL = 2.2


class Dresser:
    """Draws in millimetres of the hand.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        scene: The hand.
        rng: Source of randomness.
    """

    def __init__(self, canvas: np.ndarray, scene: Scene, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.scene = scene
        self.rng = rng
        self.drawing = Drawing(canvas)
        self.pixels = scene.frame.pixels_per_mm * scene.anatomy.scale
        self.wrist, far = scene.skeleton.wrist
        self.away = (far - self.wrist) / np.linalg.norm(far - self.wrist)
        self.across = np.array([self.away[1], -self.away[0]])

    def forearm(self, along: float | np.ndarray, across: float | np.ndarray) -> np.ndarray:
        """Find points on the forearm.

        Args:
            along: Millimetres from the wrist towards the elbow, a number or shape (n,).
            across: Millimetres across, likewise.

        Returns:
            Millimetres in the frame of the hand, shape (2,) or (n, 2).
        """
        steps = np.multiply.outer(along, self.away) + np.multiply.outer(across, self.across)
        return self.wrist + steps * self.scene.anatomy.scale

    def line(self, points: np.ndarray, width: float, value: float) -> None:
        """Draw a line.

        Args:
            points: Millimetres, shape (n, 2).
            width: Millimetres.
            value: Attenuation.
        """
        self.drawing.line(self.scene.frame.project(points), max(0.7, width * self.pixels), value)

    def disc(self, centre: np.ndarray, radius: float, value: float, corners: int = 40) -> None:
        """Draw a disc or a polygon with equal sides.

        Args:
            centre: Millimetres.
            radius: Millimetres.
            value: Attenuation.
            corners: Number of corners.
        """
        turn = (np.arange(corners) + 0.5) * 2.0 * np.pi / corners
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        points = centre + circle * radius * self.scene.anatomy.scale
        self.drawing.polygon(self.scene.frame.project(points), value)


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
        _add_cast(dresser, uniform(rng, things.cast_wall), uniform(rng, things.cast_attenuation))
    if splint:
        _add_splint(dresser)


def add_things(
    canvas: np.ndarray, scene: Scene, things: ThingsSettings, rng: np.random.Generator
) -> None:
    """Add jewellery and surgical metal.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        scene: The hand.
        things: How often.
        rng: Source of randomness.
    """
    dresser = Dresser(canvas, scene, rng)
    additions: list[tuple[float, Callable[[Dresser], None]]] = [
        (things.watch_rate, _add_watch),
        (things.bracelet_rate, _add_bracelets),
        (things.cannula_rate, _add_cannula),
        (things.wires_rate, _add_wires),
        (things.screws_rate, _add_screws),
        (things.fixator_rate, _add_fixator),
    ]
    for rate, add in additions:
        if rng.random() < rate:
            add(dresser)


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
    for _ in range(int(rng.integers(1, 3))):
        place, bow = rng.uniform(-5.0, 25.0), rng.uniform(-14.0, 14.0)
        half = rng.uniform(20.0, 34.0)
        value, softer = rng.uniform(0.04, 0.16), float(rng.choice((-1.0, 1.0)))
        for step in range(steps):
            along = place + bow * (1.0 - across**2) + softer * 0.9 * step
            shade = value * (1.0 - step / steps)
            dresser.line(dresser.forearm(along, across * half), 1.0, shade)
    # A fold ends at the skin.
    canvas += folds * np.clip(canvas * np.float32(3.0) - np.float32(0.3), 0.0, 1.0)


def _add_cast(dresser: Dresser, wall: float, attenuation: float) -> None:
    """Wrap palm and forearm, sometimes the thumb, in plaster or fibreglass."""
    scene, rng = dresser.scene, dresser.rng
    shrink = max(1, scene.frame.size // 512)
    size, scale = scene.frame.size // shrink, dresser.pixels / shrink
    mask = np.zeros((size, size), np.uint8)
    parts = soft_parts(scene.skeleton, scene.anatomy.scale, scene.anatomy.flesh)
    with_thumb = rng.random() < 0.4
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


def _add_splint(dresser: Dresser) -> None:
    """Add a rail along a finger or along the wrist."""
    rng, scene = dresser.rng, dresser.scene
    bones = scene.skeleton.bones
    if rng.random() < 0.5:
        start = bones[str(rng.choice(('finger-7', 'finger-11', 'finger-15', 'finger-19')))].axis
        axis, half = start[1] - start[0], rng.uniform(5.0, 9.0)
        ends = np.array([start[1] - 0.4 * axis, start[1] + rng.uniform(0.6, 1.6) * axis])
    else:
        shift, half = rng.uniform(-14.0, 14.0), rng.uniform(12.0, 26.0)
        low, high = rng.uniform(-75.0, -20.0), rng.uniform(60.0, 160.0)
        ends = dresser.forearm(np.array([low, high]), np.array([shift, shift]))
    value = rng.uniform(0.1, 0.5)
    dresser.line(ends, 2.0 * half, value)
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    side = np.array([along[1], -along[0]]) * half * scene.anatomy.scale
    for sign in (-1.0, 1.0):
        dresser.line(ends + sign * side, rng.uniform(0.6, 1.6), 2.0 * value)


def _add_watch(dresser: Dresser) -> None:
    """Add a watch: a case, its works, and a strap of leather or metal."""
    rng = dresser.rng
    place, half = rng.uniform(12.0, 45.0), 31.0
    strap = rng.uniform(7.0, 11.0)
    ends = dresser.forearm(np.full(3, place), np.array([-half, 0.0, half]))
    metal = rng.random() < 0.5
    dresser.line(ends, 2.0 * strap, 0.12)
    for across in np.arange(-half, half, 4.5) if metal else ():
        link = dresser.forearm(np.array([place - strap, place + strap]), np.full(2, across))
        dresser.line(link, 3.6, rng.uniform(0.6, 1.2))
    centre = dresser.forearm(place, rng.normal() * 5.0)
    radius, corners = rng.uniform(12.0, 19.0), int(rng.choice((4, 40, 40)))
    dresser.disc(centre, radius, rng.uniform(0.8, 2.0), corners)
    dresser.disc(centre, 0.75 * radius, rng.uniform(0.2, 1.0), corners)
    for _ in range(4):
        offset = rng.normal(size=2) * 0.3 * radius * dresser.scene.anatomy.scale
        dresser.disc(centre + offset, rng.uniform(1.0, 5.0), rng.uniform(0.2, 0.8))


def _add_bracelets(dresser: Dresser) -> None:
    """Add up to four bangles, or a string of beads."""
    rng = dresser.rng
    across = np.linspace(-1.0, 1.0, 41)
    half = rng.uniform(29.0, 35.0)
    for _ in range(int(rng.integers(1, 5))):
        place, bow = rng.uniform(0.0, 50.0), rng.uniform(-9.0, 9.0)
        width, value = rng.uniform(0.8, 5.0), rng.uniform(0.4, 2.0)
        for sign in (1.0, -1.0):
            arc = dresser.forearm(place + sign * bow * np.sqrt(1.0 - across**2), across * half)
            if width > 3.5:
                for centre in arc[::2]:
                    dresser.disc(centre, 0.5 * width, value)
            else:
                dresser.line(arc, width, value)


def _add_cannula(dresser: Dresser) -> None:
    """Add a venous cannula on the back of the hand or the wrist, with hub and tube."""
    rng, scale = dresser.rng, dresser.scene.anatomy.scale
    start = dresser.forearm(rng.uniform(-50.0, 40.0), rng.uniform(-15.0, 15.0))
    towards = rng.uniform(-0.5, 0.5, 2) + dresser.away
    towards = towards / np.linalg.norm(towards) * scale
    tip, hub = start + towards * rng.uniform(25.0, 45.0), start - towards * rng.uniform(10.0, 18.0)
    dresser.line(np.array([start, tip]), 1.3, 0.35)
    dresser.line(np.array([hub, start]), rng.uniform(3.5, 6.0), 0.3)
    side = np.array([towards[1], -towards[0]]) * 9.0
    dresser.line(np.array([hub - side, hub + side]), 3.5, 0.12)
    t = np.linspace(0.0, 1.0, 40)[:, None]
    control = hub - towards * 60.0 + rng.normal(size=2) * 30.0 * scale
    end = hub + rng.normal(size=2) * 120.0 * scale
    dresser.line((1 - t) ** 2 * hub + 2 * t * (1 - t) * control + t**2 * end, 3.2, 0.1)


def _add_wires(dresser: Dresser) -> None:
    """Pin joints with one to four long wires, whose ends may be bent outside the skin."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    labels = [label for label in bones if label not in ('Ulna', 'Pisiform')]
    for _ in range(int(rng.integers(1, 5))):
        bone = bones[str(rng.choice(labels))]
        angle = rng.normal() * 35.0
        along = direction(angle) * dresser.scene.anatomy.scale * rng.uniform(15.0, 45.0)
        ends = [bone.axis.mean(axis=0) - along, bone.axis.mean(axis=0) + along]
        if rng.random() < 0.4:
            ends.append(ends[-1] + direction(angle + 90.0) * 5.0 * dresser.scene.anatomy.scale)
        dresser.line(np.array(ends), rng.uniform(0.9, 1.8), _STEEL)


def _add_screws(dresser: Dresser) -> None:
    """Fix a bone with one to three screws."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    for _ in range(int(rng.integers(1, 4))):
        bone = bones[str(rng.choice(list(bones)))]
        middle = bone.axis[0] + (bone.axis[1] - bone.axis[0]) * rng.uniform(0.1, 0.9)
        along = direction(rng.uniform(0.0, 360.0)) * dresser.scene.anatomy.scale
        length, width = rng.uniform(4.0, 12.0), rng.uniform(1.6, 3.0)
        ends = np.array([middle - along * length, middle + along * length])
        dresser.line(ends, 0.8 * width, 0.8 * _STEEL)
        for share in np.arange(0.0, 1.0, 0.8 / length):
            dresser.disc(ends[0] + (ends[1] - ends[0]) * share, 0.55 * width, 0.15)
        dresser.disc(ends[0], width, _STEEL)


def _add_fixator(dresser: Dresser) -> None:
    """Add an external fixator: pins in the second metacarpal and the radius, joined by a rod."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    scale = dresser.scene.anatomy.scale
    side = -dresser.across if dresser.across[0] > 0 else dresser.across
    feet = []
    for label, places in (('finger-7', (0.25, 0.6)), ('Radius', (0.45, 0.8))):
        base, head = bones[label].axis
        for place in places:
            inner = base + (head - base) * (place + rng.normal() * 0.05)
            outer = inner + side * rng.uniform(45.0, 60.0) * scale
            dresser.line(
                np.array([inner - side * 6.0 * scale, outer]), rng.uniform(2.5, 4.0), _STEEL
            )
            feet.append(outer)
    dresser.line(np.array([feet[1], feet[-1]]), rng.uniform(6.0, 12.0), rng.uniform(0.3, 2.5))
    for foot in feet:
        dresser.disc(foot, rng.uniform(4.0, 8.0), rng.uniform(0.5, 2.0), 6)
