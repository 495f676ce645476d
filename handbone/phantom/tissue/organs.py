"""How the organs of synthetic sections look."""

from typing import NamedTuple

Color = tuple[int, int, int]


class Organ(NamedTuple):
    """The look of an organ and of its functional tissue unit.

    Lengths are in pixels of the file.

    Attributes:
        name: Its name in the table.
        stroma: RGB colour of the tissue between the units.
        rim: RGB colour of a unit's border.
        rim_width: Width of the border as a share of the radius.
        fill: RGB colour within the border.
        lumen: Share of the radius that is empty in the middle, 0 for none.
        radius: Smallest and largest radius of a unit.
        lobes: How much the outline bulges, as a share of the radius.
        distance: Distance between units as a multiple of their radii.
        nuclei: Nuclei per 10,000 pixels within a unit.
    """

    name: str
    stroma: Color
    rim: Color
    rim_width: float
    fill: Color
    lumen: float
    radius: tuple[int, int]
    lobes: float
    distance: float
    nuclei: float


ORGANS = (
    # a glomerulus: a dense ball in a pale capsule
    Organ(
        *('kidney', (226, 160, 190), (240, 224, 236), 0.14, (186, 110, 168), 0.0),
        *((90, 150), 0.05, 1.5, 30.0),
    ),
    # a gland: a dark, folded wall around a wide lumen
    Organ(
        *('prostate', (232, 170, 196), (150, 84, 150), 0.22, (214, 150, 190), 0.5),
        *((120, 200), 0.28, 1.2, 8.0),
    ),
    # a crypt: a thick wall of pale cells around a narrow lumen
    Organ(
        *('largeintestine', (206, 130, 176), (168, 96, 158), 0.12, (226, 190, 222), 0.18),
        *((60, 100), 0.06, 1.15, 12.0),
    ),
    # white pulp: a large, dense field of nuclei without a border
    Organ(
        *('spleen', (222, 130, 160), (150, 96, 160), 0.1, (136, 84, 156), 0.0),
        *((150, 260), 0.12, 1.4, 60.0),
    ),
    # an alveolus: an empty space within a thin wall
    Organ(
        *('lung', (228, 150, 180), (214, 120, 160), 0.1, (244, 238, 242), 0.8),
        *((80, 140), 0.16, 1.1, 0.0),
    ),
)
