"""How far images may be moved at random, and whether they may be mirrored."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .fingerprint import Fingerprint

#: Words for sides in names of classes, and their counterparts.
OPPOSITE = {
    'left': 'right',
    'right': 'left',
    'l': 'r',
    'r': 'l',
    'links': 'rechts',
    'rechts': 'links',
    'linke': 'rechte',
    'rechte': 'linke',
}
#: Those that mean nothing without a counterpart.
ABBREVIATIONS = ('l', 'r')
#: The least and the largest enlargement.
LEAST_ZOOM, MOST_ZOOM = 1.15, 1.4
#: The least and the largest shift, as shares of the image.
LEAST_SHIFT, MOST_SHIFT = 0.05, 0.15
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
    spread = max(high / middle, middle / low)
    zoom = round(min(max(spread, LEAST_ZOOM), MOST_ZOOM), 2)
    shift = round(min(max(2 * fingerprint.shift, LEAST_SHIFT), MOST_SHIFT), 2)
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


def sided_classes(names: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Find the classes whose names say a side.

    Args:
        names: Names of all classes.

    Returns:
        Pairs of counterparts, and classes with a side whose counterpart is not there.

    >>> sided_classes(['heart', 'left_lung', 'right_lung', 'aorta left'])
    ([('left_lung', 'right_lung')], ['aorta left'])
    """
    pairs, alone = [], []
    known = set(names)
    for name in names:
        parts = re.split(r'([^\W\d_]+)', name)
        words = [part.lower() for part in parts if part.lower() in OPPOSITE]
        if not words:
            continue
        other = ''.join(_opposite(part) for part in parts)
        if other in known and other != name:
            pair = (name, other)
            if pair[::-1] not in pairs:
                pairs.append(pair)
        elif any(word not in ABBREVIATIONS for word in words):
            alone.append(name)
    return pairs, alone


def _opposite(word: str) -> str:
    """Give a word for a side as the other side, in the same case."""
    other = OPPOSITE.get(word.lower())
    if other is None:
        return word
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
