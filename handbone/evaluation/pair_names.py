"""Names of pairs of classes: ``Radius+Scaphoid``, and lists of pairs that have a name."""

from collections.abc import Sequence

import numpy as np

from handbone.bones import ADJACENT_BONES, bone_names
from handbone.errors import HandboneError, shown
from handbone.listing import normal_form, normal_forms

#: Stands between the names of the two classes.
SEPARATOR = '+'
#: The name of :data:`handbone.bones.ADJACENT_BONES`.
ADJACENT = 'adjacent-bones'

#: How users name a pair.
PairName = str | Sequence[str]


def pair_name(first: str, second: str) -> str:
    """Name a pair of classes."""
    return f'{first}{SEPARATOR}{second}'


def read_pairs(named: str | Sequence[PairName] | None, classes: Sequence[str]) -> np.ndarray | None:
    """Find the classes of pairs that are given by name.

    Args:
        named: Pairs as ``'Radius+Scaphoid'`` or as two names each; ``'adjacent-bones'`` alone or
            among them is the list of RAM-H1200. None: whatever overlaps in the reference.
        classes: Names in class order.

    Returns:
        Class indices, int64 (n, 2); None for None.

    Raises:
        HandboneError: If a pair is not of two classes, a pair is named twice, or there is none.

    >>> read_pairs(['left+right', ['left', 'top']], ['left', 'right', 'top']).tolist()
    [[0, 1], [0, 2]]
    """
    if named is None:
        return None
    classes = normal_forms(classes)
    found: list[tuple[int, int]] = []
    for each in [named] if isinstance(named, str) else named:
        if each == ADJACENT:
            found += _adjacent(classes)
        else:
            found.append(_pair(each, classes))
    unordered = [frozenset(pair) for pair in found]
    twice = [pair for pair, key in zip(found, unordered, strict=True) if unordered.count(key) > 1]
    if twice:
        name = pair_name(*(classes[index] for index in twice[0]))
        raise HandboneError(f'The pair {name} is named twice. Keep one of them.')
    if not found:
        raise HandboneError('There is no pair of classes to score. Name pairs as CLASS+CLASS.')
    return np.array(found, np.int64)


def _pair(named: PairName, classes: Sequence[str]) -> tuple[int, int]:
    """Find the classes of one pair; names of classes may hold the separator themselves."""
    if isinstance(named, str):
        words = normal_form(named).split(SEPARATOR)
        splits = [
            (SEPARATOR.join(words[:count]), SEPARATOR.join(words[count:]))
            for count in range(1, len(words))
        ]
    else:
        names = normal_forms(named)
        splits = [(names[0], names[1])] if len(names) == 2 else []
    fitting = [pair for pair in splits if len(set(pair)) == 2 and set(pair) <= set(classes)]
    if len(fitting) != 1:
        unknown = [name for name in splits[0] if name not in classes] if splits else []
        what = f'there is no class {shown(unknown[0])}' if unknown else 'two classes are needed'
        raise HandboneError(
            f'{shown(named)} is not a pair of classes: {what}. Name pairs as CLASS+CLASS, or '
            f'{ADJACENT} for those of RAM-H1200; the classes are {", ".join(classes)}.'
        )
    first, second = fitting[0]
    return classes.index(first), classes.index(second)


def _adjacent(classes: Sequence[str]) -> list[tuple[int, int]]:
    """Find the adjacent bones in our class list or in that of RAM-H1200."""
    own_names = dict(zip(bone_names(classes), classes, strict=True))
    return [
        _pair((own_names.get(first, first), own_names.get(second, second)), classes)
        for first, second in ADJACENT_BONES
    ]
