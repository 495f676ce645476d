"""Which classes exist on the left and on the right, by their names."""

import re
from collections.abc import Iterable, Sequence

from .listing import normal_forms

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


def unswapped_sides(names: Sequence[str], swap: Iterable[Sequence[str]] = ()) -> list[str]:
    """List the classes whose names would be wrong in a mirror image.

    Args:
        names: Names of all classes.
        swap: Pairs of classes that are exchanged in it.

    Returns:
        Classes with a side that are in none of the pairs.

    >>> unswapped_sides(['heart', 'left_lung', 'right_lung'])
    ['left_lung', 'right_lung']
    >>> unswapped_sides(['heart', 'left_lung', 'right_lung'], [('right_lung', 'left_lung')])
    []
    """
    pairs, alone = sided_classes(normal_forms(names))
    swapped = {name for pair in swap for name in normal_forms(pair)}
    sided = [name for pair in pairs for name in pair] + alone
    return [name for name in sided if name not in swapped]


def _opposite(word: str) -> str:
    """Give a word for a side as the other side, in the same case."""
    other = OPPOSITE.get(word.lower())
    if other is None:
        return word
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
