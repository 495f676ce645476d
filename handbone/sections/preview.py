"""A picture of a section with its tiles: which are kept, which are left out, and why."""

from collections.abc import Sequence

import cv2
import numpy as np

from handbone.visualization.legend import BACKGROUND, FOREGROUND
from handbone.visualization.overlay import draw_masks
from handbone.visualization.text import Text, draw_texts, text_width

from .section import Section
from .tile_grid import Tile
from .tissue import JudgedTile, TissueMap

Color = tuple[int, int, int]

KEPT: Color = (0, 140, 60)
LABELLED: Color = (20, 90, 220)
LEFT_OUT: Color = (200, 60, 30)
TISSUE: Color = (120, 120, 120)
SHADE = 0.45  # of tiles that are left out
FONT_SIZE = 16


def draw_tiles(
    section: Section,
    tiles: Sequence[JudgedTile],
    labels: np.ndarray,
    classes: Sequence[str],
    min_tissue: float,
    tissue: TissueMap | None = None,
    longer_side: int = 1024,
) -> np.ndarray:
    """Draw a section with its labels, the border of its tissue, and its tiles.

    Tiles that are kept have a green frame, or a blue one if they are kept for their labels alone;
    those that are left out are shaded. The share of tissue is written in each.

    Args:
        section: The section.
        tiles: Its tiles.
        labels: Packed map of the section, at any resolution.
        classes: Class names in bit order.
        min_tissue: The limit of the rule, for the legend.
        tissue: Where tissue was found; None where the rule does not look for it.
        longer_side: Longer side of the picture in pixels.

    Returns:
        RGB, uint8 (height, width, 3).
    """
    overview, reduce = section.overview(longer_side)
    picture = draw_masks(overview, labels, classes)
    scale = 1 / reduce
    for judged in tiles:
        if not judged.kept:
            _shade(picture, _corners(judged.tile, scale))
    if tissue is not None:
        _outline_tissue(picture, tissue.mask)
    texts = []
    for judged in tiles:
        (left, top), (right, bottom) = _corners(judged.tile, scale)
        color = _color(judged, min_tissue)
        cv2.rectangle(picture, (left + 1, top + 1), (right - 2, bottom - 2), color, 2)
        middle = (left + right) / 2, (top + bottom) / 2
        share = f'{judged.share:.0%}'
        texts.append(Text(share, *middle, FONT_SIZE - 2, (250, 250, 250), 'mm', halo=2))
    return np.concatenate([draw_texts(picture, texts), _legend(tiles, min_tissue, picture)])


def _corners(tile: Tile, scale: float) -> tuple[tuple[int, int], tuple[int, int]]:
    top, left, height, width = tile.box
    ends = round((left + width) * scale), round((top + height) * scale)
    return (round(left * scale), round(top * scale)), ends


def _shade(picture: np.ndarray, corners: tuple[tuple[int, int], tuple[int, int]]) -> None:
    (left, top), (right, bottom) = corners
    part = picture[top:bottom, left:right]
    part[:] = cv2.addWeighted(part, 1 - SHADE, np.full_like(part, LEFT_OUT), SHADE, 0)


def _outline_tissue(picture: np.ndarray, mask: np.ndarray) -> None:
    size = picture.shape[1], picture.shape[0]
    shown = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    # OpenCV's type hints forget that there may be no hierarchy
    contours, _ = cv2.findContours(shown, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, contours, -1, TISSUE, 1, cv2.LINE_AA)


def _color(judged: JudgedTile, min_tissue: float) -> Color:
    if not judged.kept:
        return LEFT_OUT
    return KEPT if judged.share >= min_tissue else LABELLED


def _legend(tiles: Sequence[JudgedTile], min_tissue: float, picture: np.ndarray) -> np.ndarray:
    by_label = sum(each.kept and each.share < min_tissue for each in tiles)
    by_tissue = sum(each.kept for each in tiles) - by_label
    entries = [
        (KEPT, f'{by_tissue} kept'),
        (LABELLED, f'{by_label} kept for a label'),
        (LEFT_OUT, f'{len(tiles) - by_tissue - by_label} left out: tissue below {min_tissue:.0%}'),
        (TISSUE, 'border of the tissue'),
    ]
    legend = np.full((2 * FONT_SIZE, picture.shape[1], 3), BACKGROUND, np.uint8)
    texts, left = [], FONT_SIZE // 2
    for color, string in entries:
        cv2.rectangle(legend, (left, FONT_SIZE // 2, FONT_SIZE, FONT_SIZE), color, cv2.FILLED)
        texts.append(Text(string, left + 1.5 * FONT_SIZE, FONT_SIZE, FONT_SIZE - 3, FOREGROUND))
        left += text_width(string, FONT_SIZE - 3) + 3 * FONT_SIZE
    return draw_texts(legend, texts)
