"""How far images may be moved at random, and whether they may be mirrored."""

from typing import NamedTuple

from handbone.class_sides import sided_classes

from .fingerprint import Fingerprint

#: The least and the largest enlargement.
LEAST_ZOOM, MOST_ZOOM = 1.1, 1.2
#: The least and the largest shift, as shares of the image.
LEAST_SHIFT, MOST_SHIFT = 0.05, 0.1
#: Rotation in degrees with and without sides.
DEGREES_SIDED, DEGREES = 10, 20


class Augmentation(NamedTuple):
    """Ranges of the augmentation.

    Attributes:
        degrees: Rotation to either side.
        zoom: Largest enlargement; the largest reduction is its inverse.
        shift: Largest shift, as a share of the image.
        flip: Whether images are mirrored.
        swap: Pairs of classes that a mirror image exchanges.
        flip_reason: Why images are mirrored or not.
    """

    degrees: int
    zoom: float
    shift: float
    flip: bool
    swap: tuple[tuple[str, str], ...]
    flip_reason: str


def choose_augmentation(fingerprint: Fingerprint) -> Augmentation:
    """Choose the ranges for a dataset.

    Args:
        fingerprint: Its measures.

    Returns:
        The ranges.
    """
    names = [each.name for each in fingerprint.classes]
    pairs, alone = sided_classes(names)
    paired = {name for pair in pairs for name in pair}
    fixed = [each for each in fingerprint.classes if each.side and each.name not in paired]
    low, middle, high = fingerprint.extent
    # the images vary already, so half as much is added to it
    spread = (max(high / middle, middle / low) - 1) / 2
    zoom = round(min(max(1 + spread, LEAST_ZOOM), MOST_ZOOM), 2)
    shift = round(min(max(fingerprint.shift / 2, LEAST_SHIFT), MOST_SHIFT), 2)
    flip = False
    if alone:
        reason = f'{alone[0]} has a side and no counterpart'
    elif fixed:
        reason = f'{fixed[0].name} is always on the {fixed[0].side}'
    elif pairs and len(paired) < len(names):
        unpaired = next(name for name in names if name not in paired)
        reason = f'{pairs[0][0]} has a side, and {unpaired} may have one as well'
    elif pairs:
        flip = True
        reason = f'{len(pairs)} pairs of classes change places in a mirror image'
    else:
        flip = True
        reason = 'no class has a side'
    degrees = DEGREES_SIDED if pairs or alone or fixed else DEGREES
    return Augmentation(degrees, zoom, shift, flip, tuple(pairs) if flip else (), reason)
