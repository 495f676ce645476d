"""Faults of labels: each is a function of an image and its polygons.

It returns both with the fault in them, and the classes that it is about. What it draws by chance
does not depend on the grey values.
"""

from collections.abc import Callable, Collection, Sequence

import cv2
import numpy as np

from handbone.bones import RAYS

Polygons = list[tuple[str, np.ndarray]]
#: Image, polygons, and the classes with the fault; none for a fault of the whole image.
Faulty = tuple[np.ndarray, Polygons, tuple[str, ...]]
Fault = Callable[[np.ndarray, Polygons, np.random.Generator], Faulty]

#: Bones whose ends the border of the image cuts off.
CUT_OFF = ('Radius', 'Ulna')
#: Fewer points than this make no outline whose shape could be spoilt.
FEWEST_POINTS = 12
TRIES = 20


def swap_names(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Exchange the names of two bones: of neighbours in the list in half of the cases."""
    names = [name for name, _ in polygons]
    first = int(rng.integers(len(names)))
    second = (first + 1) % len(names)
    if rng.random() < 0.5:
        second = (first + int(rng.integers(1, len(names)))) % len(names)
    names[first], names[second] = names[second], names[first]
    outlines = [outline for _, outline in polygons]
    return image, list(zip(names, outlines, strict=True)), (names[first], names[second])


def swap_fingers(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Exchange the names of all bones of two fingers, which are not the thumb."""
    fingers = [ray for ray in RAYS.values() if len(ray) == 4]
    first, second = (fingers[index] for index in rng.choice(len(fingers), 2, replace=False))
    other = dict(zip(first + second, second + first, strict=True))
    return image, [(other.get(name, name), outline) for name, outline in polygons], first + second


def swap_in_finger(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Exchange the names of two bones of one finger."""
    fingers = bones_of_fingers(polygons)
    finger = fingers[int(rng.integers(len(fingers)))]
    first, second = (finger[index] for index in rng.choice(len(finger), 2, replace=False))
    other = {first: second, second: first}
    return image, [(other.get(name, name), outline) for name, outline in polygons], (first, second)


def forget_bone(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Leave out a bone."""
    place = int(rng.integers(len(polygons)))
    return image, polygons[:place] + polygons[place + 1 :], (polygons[place][0],)


def shift_outline(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Move an outline by 0.5 to 1.5 times the square root of its area, within the image."""
    place, (name, outline) = _choose(polygons, rng)
    moved = _shifted(outline, (0.5, 1.5), image, rng)
    return image, _with(polygons, place, (name, moved)), (name,)


def shift_on_one_side(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Move an outline by less than bones vary: 0.25 to 0.5 times the square root of its area."""
    place, (name, outline) = _choose(polygons, rng, left_out=CUT_OFF)
    moved = _shifted(outline, (0.25, 0.5), image, rng)
    return image, _with(polygons, place, (name, moved)), (name,)


def resize_outline(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Draw a bone 1.5 to 1.8 times too long and wide, or as much too small."""
    place, (name, outline) = _choose(polygons, rng)
    resized = _resized(outline, (1.5, 1.8), rng)
    return image, _with(polygons, place, (name, resized)), (name,)


def resize_on_one_side(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Draw a bone 1.25 to 1.4 times too long and wide, or as much too small."""
    place, (name, outline) = _choose(polygons, rng, left_out=CUT_OFF)
    resized = _resized(outline, (1.25, 1.4), rng)
    return image, _with(polygons, place, (name, resized)), (name,)


def label_accessory(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Put a bar or a disc of metal beside a bone and label it as the bone: too, or instead."""
    place, (name, outline) = _choose(polygons, rng)
    side, centre = _side(outline), outline.mean(axis=0)
    shape = _metal(side * rng.uniform(0.5, 1.0), rng)
    metal = shape + centre
    for _ in range(TRIES):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 3.0) * side
        metal = shape + centre + length * np.array([np.cos(angle), np.sin(angle)])
        if _inside(metal, image):
            break
    else:
        metal = metal + _into(metal, image)
    white = max(int(image.max()), 200)
    image = cv2.fillPoly(image.copy(), [_fixed_point(metal)], white, cv2.LINE_AA, 4)
    if rng.random() < 0.5:
        return image, [*polygons, (name, metal)], (name,)
    return image, _with(polygons, place, (name, metal)), (name,)


def draw_twice(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Annotate a bone a second time, by another hand."""
    name, outline = polygons[int(rng.integers(len(polygons)))]
    again = outline + rng.normal(0, 0.01 * _side(outline), outline.shape)
    return image, [*polygons, (name, again)], (name,)


def cross_outline(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Take 30 to 45 % of the points of an outline in the reverse order."""
    place, (name, outline) = _choose(polygons, rng, FEWEST_POINTS)
    start, count = int(rng.integers(len(outline))), round(rng.uniform(0.3, 0.45) * len(outline))
    turned = np.roll(outline, -start, axis=0).copy()
    turned[:count] = turned[:count][::-1]
    return image, _with(polygons, place, (name, turned)), (name,)


def add_spike(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Pull a point of an outline away from the bone."""
    place, (name, outline) = _choose(polygons, rng, FEWEST_POINTS)
    number = int(rng.integers(len(outline)))
    away = outline[number] - outline.mean(axis=0)
    away *= rng.uniform(0.6, 1.2) * _side(outline) / max(float(np.linalg.norm(away)), 1e-6)
    spiked = outline.copy()
    spiked[number] += away
    return image, _with(polygons, place, (name, spiked)), (name,)


def add_speck(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Leave a speck of a class away from the bone, as a slip of the hand does."""
    name, outline = polygons[int(rng.integers(len(polygons)))]
    side, centre = _side(outline), outline.mean(axis=0)
    speck = _disc(max(0.08 * side, 2.0)) + centre
    for _ in range(TRIES):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 4.0) * side
        speck = _disc(max(0.08 * side, 2.0)) + centre
        speck += length * np.array([np.cos(angle), np.sin(angle)])
        if _inside(speck, image):
            break
    else:
        speck = speck + _into(speck, image)
    return image, [*polygons, (name, speck)], (name,)


def cut_outline(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Cut off a quarter to a half of a bone along a straight line."""
    whole = [index for index, (name, _) in enumerate(polygons) if name not in CUT_OFF]
    place = whole[int(rng.integers(len(whole)))]
    name, outline = polygons[place]
    angle = rng.uniform(0, 2 * np.pi)
    along = outline @ np.array([np.cos(angle), np.sin(angle)])
    limit = np.quantile(along, 1 - rng.uniform(0.25, 0.5))
    across = np.array([-np.sin(angle), np.cos(angle)])
    kept = outline.copy()
    beyond = along > limit
    # what lies beyond the line falls onto it
    kept[beyond] -= (along[beyond] - limit)[:, None] * np.array([across[1], -across[0]])
    return image, _with(polygons, place, (name, kept)), (name,)


def mirror_labels(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Mirror the labels but not the image."""
    last = image.shape[1] - 1
    return (
        image,
        [(name, np.array([last, 0]) + outline * (-1, 1)) for name, outline in polygons],
        (),
    )


def bones_of_fingers(polygons: Polygons) -> list[tuple[str, ...]]:
    """List the bones of each finger of which two or more are there, from its tip to the wrist."""
    names = {name for name, _ in polygons}
    fingers = [tuple(name for name in ray if name in names) for ray in RAYS.values()]
    return [finger for finger in fingers if len(finger) >= 2]


def _choose(
    polygons: Polygons,
    rng: np.random.Generator,
    points: int = 3,
    left_out: Collection[str] = (),
) -> tuple[int, tuple[str, np.ndarray]]:
    usable = [
        index
        for index, (name, outline) in enumerate(polygons)
        if len(outline) >= points and name not in left_out
    ]
    place = usable[int(rng.integers(len(usable)))]
    return place, polygons[place]


def _with(polygons: Polygons, place: int, polygon: tuple[str, np.ndarray]) -> Polygons:
    return [*polygons[:place], polygon, *polygons[place + 1 :]]


def _shifted(
    outline: np.ndarray, steps: tuple[float, float], image: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Move an outline by a step in a range, in square roots of its area, within the image."""
    moved = outline
    for _ in range(TRIES):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(*steps) * _side(outline)
        moved = outline + length * np.array([np.cos(angle), np.sin(angle)])
        if _inside(moved, image):
            break
    return moved


def _resized(
    outline: np.ndarray, factors: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Enlarge or shrink an outline by a factor in a range."""
    factor = rng.uniform(*factors) ** rng.choice((-1.0, 1.0))
    centre = outline.mean(axis=0)
    resized: np.ndarray = centre + (outline - centre) * factor
    return resized


def _side(outline: np.ndarray) -> float:
    """Square root of the area."""
    return float(np.sqrt(abs(cv2.contourArea(outline.astype(np.float32)))))


def _inside(points: np.ndarray, image: np.ndarray) -> bool:
    return bool((points >= 1).all() and (points <= np.array(image.shape[::-1]) - 2).all())


def _into(points: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The shift that moves points into the image, as far as they fit."""
    last = np.array(image.shape[::-1]) - 2
    below, above = np.maximum(1 - points.min(axis=0), 0), np.minimum(last - points.max(axis=0), 0)
    shift: np.ndarray = below + above
    return shift


def _disc(radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _metal(side: float, rng: np.random.Generator) -> np.ndarray:
    """A disc, or a bar of two to four times its width, of the area of a square with this side."""
    if rng.random() < 0.4:
        return _disc(side / np.sqrt(np.pi))
    length = side * np.sqrt(rng.uniform(2, 4))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length / 2, side**2 / length / 2)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned: np.ndarray = corners @ turn
    return turned


def _fixed_point(points: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(points) * 16).astype(np.int32)
