"""What a hand wears or carries: watches, bracelets, cannulas and surgical metal."""

from collections.abc import Callable

import numpy as np

from handbone.phantom.scene import Scene
from handbone.phantom.skeleton import direction
from handbone.phantom.wild.dresser import Dresser
from handbone.phantom.wild.film import uniform, whole
from handbone.phantom.wild.things_settings import ThingsSettings

_STEEL = 2.2


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
    additions: list[tuple[float, Callable[[Dresser, ThingsSettings], None]]] = [
        (things.watch_rate, _add_watch),
        (things.bracelet_rate, _add_bracelets),
        (things.cannula_rate, _add_cannula),
        (things.wires_rate, _add_wires),
        (things.screws_rate, _add_screws),
        (things.fixator_rate, _add_fixator),
    ]
    for rate, add in additions:
        if rng.random() < rate:
            add(dresser, things)


def _add_watch(dresser: Dresser, things: ThingsSettings) -> None:
    """Add a watch: a case, its works, and a strap of leather or metal."""
    rng = dresser.rng
    place, half = rng.uniform(12.0, 45.0), 31.0
    strap = rng.uniform(7.0, 11.0)
    ends = dresser.forearm(np.full(3, place), np.array([-half, 0.0, half]))
    metal = rng.random() < things.metal_strap_rate
    dresser.line(ends, 2.0 * strap, 0.12)
    for across in np.arange(-half, half, 4.5) if metal else ():
        link = dresser.forearm(np.array([place - strap, place + strap]), np.full(2, across))
        dresser.line(link, 3.6, rng.uniform(0.6, 1.2))
    centre = dresser.forearm(place, rng.normal() * 5.0)
    radius, corners = uniform(rng, things.watch_radius), int(rng.choice((4, 40, 40)))
    dresser.disc(centre, radius, rng.uniform(0.8, 2.0), corners)
    dresser.disc(centre, 0.75 * radius, rng.uniform(0.2, 1.0), corners)
    for _ in range(4):
        offset = rng.normal(size=2) * 0.3 * radius * dresser.scene.anatomy.scale
        dresser.disc(centre + offset, rng.uniform(1.0, 5.0), rng.uniform(0.2, 0.8))


def _add_bracelets(dresser: Dresser, things: ThingsSettings) -> None:
    """Add bangles, or strings of beads."""
    rng = dresser.rng
    across = np.linspace(-1.0, 1.0, 41)
    half = rng.uniform(29.0, 35.0)
    for _ in range(whole(rng, things.bracelets)):
        place, bow = rng.uniform(0.0, 50.0), rng.uniform(-9.0, 9.0)
        width, value = uniform(rng, things.bracelet_width), rng.uniform(0.4, 2.0)
        for sign in (1.0, -1.0):
            arc = dresser.forearm(place + sign * bow * np.sqrt(1.0 - across**2), across * half)
            if width > 3.5:
                for centre in arc[::2]:
                    dresser.disc(centre, 0.5 * width, value)
            else:
                dresser.line(arc, width, value)


def _add_cannula(dresser: Dresser, things: ThingsSettings) -> None:
    """Add a venous cannula on the back of the hand or the wrist, with hub and tube."""
    rng, scale = dresser.rng, dresser.scene.anatomy.scale
    start = dresser.forearm(rng.uniform(-50.0, 40.0), rng.uniform(-15.0, 15.0))
    towards = rng.uniform(-0.5, 0.5, 2) + dresser.away
    towards = towards / np.linalg.norm(towards) * scale
    tip = start + towards * uniform(rng, things.cannula_length)
    hub = start - towards * rng.uniform(10.0, 18.0)
    dresser.line(np.array([start, tip]), 1.3, 0.35)
    dresser.line(np.array([hub, start]), rng.uniform(3.5, 6.0), 0.3)
    side = np.array([towards[1], -towards[0]]) * 9.0
    dresser.line(np.array([hub - side, hub + side]), 3.5, 0.12)
    t = np.linspace(0.0, 1.0, 40)[:, None]
    control = hub - towards * 60.0 + rng.normal(size=2) * 30.0 * scale
    end = hub + rng.normal(size=2) * 120.0 * scale
    dresser.line((1 - t) ** 2 * hub + 2 * t * (1 - t) * control + t**2 * end, 3.2, 0.1)


def _add_wires(dresser: Dresser, things: ThingsSettings) -> None:
    """Pin joints with long wires, whose ends may be bent outside the skin."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    labels = [label for label in bones if label not in ('Ulna', 'Pisiform')]
    for _ in range(whole(rng, things.wires)):
        bone = bones[str(rng.choice(labels))]
        angle = rng.normal() * 35.0
        half = 0.5 * uniform(rng, things.wire_length)
        along = direction(angle) * dresser.scene.anatomy.scale * half
        ends = [bone.axis.mean(axis=0) - along, bone.axis.mean(axis=0) + along]
        if rng.random() < things.bent_wire_rate:
            ends.append(ends[-1] + direction(angle + 90.0) * 5.0 * dresser.scene.anatomy.scale)
        dresser.line(np.array(ends), rng.uniform(0.9, 1.8), _STEEL)


def _add_screws(dresser: Dresser, things: ThingsSettings) -> None:
    """Fix bones with screws."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    for _ in range(whole(rng, things.screws)):
        bone = bones[str(rng.choice(list(bones)))]
        middle = bone.axis[0] + (bone.axis[1] - bone.axis[0]) * rng.uniform(0.1, 0.9)
        along = direction(rng.uniform(0.0, 360.0)) * dresser.scene.anatomy.scale
        length = 0.5 * uniform(rng, things.screw_length)
        radius = uniform(rng, things.screw_radius)
        ends = np.array([middle - along * length, middle + along * length])
        dresser.line(ends, 0.8 * radius, 0.8 * _STEEL)
        for share in np.arange(0.0, 1.0, 0.8 / length):
            dresser.disc(ends[0] + (ends[1] - ends[0]) * share, 0.55 * radius, 0.15)
        dresser.disc(ends[0], radius, _STEEL)


def _add_fixator(dresser: Dresser, things: ThingsSettings) -> None:
    """Add an external fixator: pins in the second metacarpal and the radius, joined by a rod."""
    rng, bones = dresser.rng, dresser.scene.skeleton.bones
    scale = dresser.scene.anatomy.scale
    side = -dresser.across if dresser.across[0] > 0 else dresser.across
    feet = []
    for label, places in (('finger-7', (0.25, 0.6)), ('Radius', (0.45, 0.8))):
        base, head = bones[label].axis
        for place in places:
            inner = base + (head - base) * (place + rng.normal() * 0.05)
            outer = inner + side * uniform(rng, things.fixator_reach) * scale
            dresser.line(
                np.array([inner - side * 6.0 * scale, outer]), rng.uniform(2.5, 4.0), _STEEL
            )
            feet.append(outer)
    dresser.line(np.array([feet[1], feet[-1]]), rng.uniform(6.0, 12.0), rng.uniform(0.3, 2.5))
    for foot in feet:
        dresser.disc(foot, rng.uniform(4.0, 8.0), rng.uniform(0.5, 2.0), 6)
