"""The 29 bones of the hand radiograph: their order, their groups and their colours.

The order is the bit order of every packed label map: bone ``i`` of :data:`CLASSES` is bit ``i``.
"""

import colorsys

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
