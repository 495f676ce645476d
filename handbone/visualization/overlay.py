"""Overlapping masks drawn over an image."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from handbone.bones import distinct_colors

from .class_numbers import draw_numbers
from .outlines import FRACTION_BITS, fill_mask, trace_classes
from .picture import to_picture

Color = tuple[int, int, int]

_GREYS = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 1, 3)


def draw_masks(
    image: np.ndarray,
    packed: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Color] | None = None,
    *,
    size: int | None = None,
    alpha: float = 0.25,
    line_width: int | None = None,
    numbers: bool = False,
) -> np.ndarray:
    """Draw every mask as a translucent fill with an outline in full colour.

    Outlines are drawn over all fills, so each class can be followed where several overlap. The
    resolutions of map and image may differ.

    Args:
        image: (H, W) or (H, W, 3) RGB; uint8, uint16 or float 0 to 255.
        packed: Packed map, (h, w) or (h, w, P), of the same field of view.
        classes: Class names, in bit order.
        palette: One RGB colour per class, 0 to 255. Default: distinct colours.
        size: Longer side of the picture in pixels. Default: that of the image.
        alpha: Share of the colour in a fill, 0 (none) to 1 (opaque).
        line_width: Width of the outlines in pixels. Default: 2 at 1024 pixels, scaled with the
            size.
        numbers: Write the number of the class, counting from 1, into each mask.

    Returns:
        RGB picture, uint8 (height, width, 3).
    """
    picture = to_picture(image, size)
    colors = class_colors(classes, palette)
    outlines = dict(trace_classes(packed, len(classes), *picture.shape[:2]))
    fill_outlines(picture, outlines.values(), [colors[index] for index in outlines], alpha)
    draw_outlines(picture, outlines.values(), [colors[index] for index in outlines], line_width)
    if numbers:
        picture = draw_numbers(picture, outlines)
    return picture


def fill_outlines(
    picture: np.ndarray,
    outlines: Iterable[list[np.ndarray]],
    colors: Sequence[Color],
    alpha: float = 0.25,
) -> None:
    """Fill masks with translucent colours.

    Args:
        picture: RGB, uint8 (H, W, 3); drawn into.
        outlines: Outlines of each mask, as :func:`handbone.visualization.outlines.trace_classes`
            gives them.
        colors: RGB colour of each mask.
        alpha: Share of the colour, 0 (none) to 1 (opaque).
    """
    for contours, color in zip(outlines, colors, strict=True):
        box, mask = fill_mask(contours, *picture.shape[:2])
        _blend(picture[box], mask, color, alpha)


def draw_outlines(
    picture: np.ndarray,
    outlines: Iterable[list[np.ndarray]],
    colors: Sequence[Color],
    line_width: int | None = None,
) -> None:
    """Draw outlines into a picture.

    Args:
        picture: RGB, uint8 (H, W, 3); drawn into.
        outlines: Outlines of each mask, as :func:`handbone.visualization.outlines.trace_classes`
            gives them.
        colors: RGB colour of each mask.
        line_width: Width in pixels. Default: 2 at 1024 pixels, scaled with the size.
    """
    width = line_width or max(1, round(max(picture.shape[:2]) / 512))
    for contours, color in zip(outlines, colors, strict=True):
        cv2.polylines(picture, contours, True, color, width, cv2.LINE_AA, FRACTION_BITS)
        for contour in contours:
            if len(contour) == 1:  # an outline of one pixel would hardly be visible
                center, radius = contour[0, 0].tolist(), width << FRACTION_BITS
                cv2.circle(picture, center, radius, color, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)


def class_colors(classes: Sequence[str], palette: Sequence[Color] | None) -> list[Color]:
    """Return the palette, or choose colours if it is missing or too short.

    Args:
        classes: Class names.
        palette: RGB colours, 0 to 255.

    Returns:
        One (red, green, blue) per class.
    """
    if palette is None or len(palette) < len(classes):
        return distinct_colors(len(classes))
    return [(int(red), int(green), int(blue)) for red, green, blue in palette]


def _blend(picture: np.ndarray, mask: np.ndarray, color: Color, alpha: float) -> None:
    # a pixel has 256 values per channel, so a table of the mixed colours holds them all
    table = cv2.addWeighted(_GREYS, 1 - alpha, np.full_like(_GREYS, color), alpha, 0)
    cv2.copyTo(cv2.LUT(picture, table), mask, picture)
