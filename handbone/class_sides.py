"""Which classes exist on the left and on the right, by their names."""

import re
from collections.abc import Sequence

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


def _opposite(word: str) -> str:
    """Give a word for a side as the other side, in the same case."""
    other = OPPOSITE.get(word.lower())
    if other is None:
        return word
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
