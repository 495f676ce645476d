"""The 29 bones of the hand radiograph: their order, their groups and their colours.

The order is the bit order of every packed label map: bone ``i`` of :data:`CLASSES` is bit ``i``.
"""

import colorsys
from collections.abc import Sequence

FINGERS = tuple(f'finger-{number}' for number in range(1, 20))
CARPALS = (
    'Trapezium',
    'Trapezoid',
    'Capitate',
    'Hamate',
    'Scaphoid',
    'Lunate',
    'Triquetrum',
    'Pisiform',
)
FOREARM = ('Radius', 'Ulna')

CLASSES = FINGERS + CARPALS + FOREARM

GROUPS = {'fingers': FINGERS, 'carpals': CARPALS, 'forearm': FOREARM}

#: Bones of each ray from the fingertip to the wrist; the thumb has no middle phalanx.
RAYS = {
    'thumb': FINGERS[0:3],
    'index': FINGERS[3:7],
    'middle': FINGERS[7:11],
    'ring': FINGERS[11:15],
    'little': FINGERS[15:19],
}

#: The bones of the rays as RAM-H1200 (arXiv 2605.05616) and others call them: distal, middle and
#: proximal phalanges and metacarpals, rays numbered from the thumb.
SHORT_NAMES = {
    name: f'{part}{number}'
    for number, ray in enumerate(RAYS.values(), start=1)
    for name, part in zip(
        ray, ('DP', 'MP', 'PP', 'MC') if number > 1 else ('DP', 'PP', 'MC'), strict=True
    )
}
_LONG_NAMES = {short: name for name, short in SHORT_NAMES.items()}

#: The metacarpals of the thumb to the little finger.
METACARPALS = tuple(ray[-1] for ray in RAYS.values())
#: Bones that lie against each other, whose overlap RAM-H1200 (arXiv 2605.05616) scores.
ADJACENT_BONES = (
    ('Radius', 'Scaphoid'),
    ('Radius', 'Lunate'),
    ('Scaphoid', 'Trapezium'),
    ('Capitate', 'Scaphoid'),
    ('Trapezium', 'finger-3'),
    ('Capitate', 'finger-11'),
    ('Hamate', 'finger-15'),
    ('Lunate', 'Scaphoid'),
    ('Trapezium', 'Trapezoid'),
    ('Capitate', 'Trapezoid'),
    ('Hamate', 'finger-19'),
    ('Trapezium', 'finger-7'),
    ('Trapezoid', 'finger-7'),
    ('finger-7', 'finger-11'),
)


def bone_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Name classes as :data:`CLASSES` does, where they are bones under another name.

    Args:
        classes: Names of classes.

    Returns:
        Our name of each; what is no bone of a ray keeps its own.

    >>> bone_names(['DP1', 'MC5', 'Radius', 'Ring'])
    ('finger-1', 'finger-19', 'Radius', 'Ring')
    """
    return tuple(_LONG_NAMES.get(name, name) for name in classes)


#: Classes of RAM-H1200 and RAM-W600 that show a bone with another one, or a part of it.
_SHOWN_IN = {
    'Triquetrum': ('Pisiform_Triquetrum', 'Triquetrum_Pisiform'),
    'Pisiform': ('Pisiform_Triquetrum', 'Triquetrum_Pisiform'),
    'Radius': ('DistalRadius',),
    'Ulna': ('DistalUlna',),
}


def classes_of_bones(bones: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Find the classes that show bones, also where a class is named otherwise or joins two bones.

    Args:
        bones: Names as in :data:`CLASSES`, or of classes.
        classes: Names of classes.

    Returns:
        The class of each bone, each class once; a bone that none shows keeps its name.

    >>> classes_of_bones(['Triquetrum', 'Pisiform', 'finger-3'], ['MC1', 'Pisiform_Triquetrum'])
    ('Pisiform_Triquetrum', 'MC1')
    """
    own = dict(zip(bone_names(classes), classes, strict=True)) | {name: name for name in classes}
    found = (
        next((own[name] for name in (bone, *_SHOWN_IN.get(bone, ())) if name in own), bone)
        for bone in bones
    )
    return tuple(dict.fromkeys(found))


def distinct_colors(count: int) -> list[tuple[int, int, int]]:
    """Choose colours that are easy to distinguish for neighbours in the class order.

    Hues advance by the golden ratio, which spreads any number of colours evenly, and the lightness
    alternates.

    Args:
        count: Number of colours, at least 0.

    Returns:
        One (red, green, blue) tuple per class, 0 to 255.

    >>> distinct_colors(2)
    [(238, 43, 43), (104, 145, 243)]
    """
    colors = []
    for index in range(count):
        hue = (index * 0.618033988749895) % 1.0
        lightness = (0.55, 0.68, 0.46)[index % 3]
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.85)
        colors.append((round(red * 255), round(green * 255), round(blue * 255)))
    return colors


PALETTE = distinct_colors(len(CLASSES))
