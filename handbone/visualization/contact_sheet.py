"""Contact sheet: many small pictures of predictions on one page."""

from collections.abc import Sequence

import numpy as np

from handbone.masks import class_boxes

from .legend import BACKGROUND, FOREGROUND, MUTED
from .outlines import trace_classes
from .overlay import Color, class_colors, draw_outlines, fill_outlines
from .picture import to_picture
from .text import Text, draw_texts, shorten

REFERENCE_COLOR = (255, 255, 255)


def draw_thumbnail(
    image: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Color] | None,
    reference: np.ndarray,
    prediction: np.ndarray,
    size: int = 480,
) -> np.ndarray:
    """Draw a small picture of a prediction over the outlines of the reference in white.

    White shows where they differ. The picture is cropped to the masks, with a margin.

    Args:
        image: (H, W) or (H, W, 3) RGB.
        classes: Class names, in bit order.
        palette: One RGB colour per class, or None.
        reference: Packed map, (h, w) or (h, w, P), of any resolution.
        prediction: Packed map of the same shape.
        size: Longer side in pixels.

    Returns:
        RGB, uint8.
    """
    part = _part_with_masks(reference, prediction, len(classes))
    image = image[_scale_part(part, reference.shape, image.shape)]
    reference, prediction = reference[part], prediction[part]
    picture = to_picture(image, size)
    colors = class_colors(classes, palette)
    expected, predicted = (
        dict(trace_classes(packed, len(classes), *picture.shape[:2]))
        for packed in (reference, prediction)
    )
    fill_outlines(picture, predicted.values(), [colors[index] for index in predicted])
    draw_outlines(picture, expected.values(), [REFERENCE_COLOR] * len(expected), 1)
    draw_outlines(picture, predicted.values(), [colors[index] for index in predicted], 1)
    return picture


def draw_contact_sheet(
    pictures: Sequence[np.ndarray],
    captions: Sequence[tuple[str, str]],
    heading: str,
    note: str = 'colour: prediction, white: ground truth',
) -> np.ndarray:
    """Lay pictures out in rows, with captions under them and a heading.

    Args:
        pictures: RGB, uint8, of any sizes; at least one.
        captions: Two lines for each picture.
        heading: Text at the top left.
        note: Text at the top right.

    Returns:
        RGB, uint8 (height, width, 3).
    """
    columns = min(len(pictures), max(2, round((1.6 * len(pictures)) ** 0.5)))
    rows = -(-len(pictures) // columns)
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    font_size = min(20, max(11, width // 30))
    line, gap = round(font_size * 1.4), font_size // 2
    band = 2 * line
    cell_height, cell_width = height + 2 * line + gap, width + gap
    sheet = np.full(
        (band + rows * cell_height, columns * cell_width - gap, 3), BACKGROUND, np.uint8
    )
    texts = [Text(heading, gap, band / 2, font_size + 2, FOREGROUND, bold=True)]
    room = sheet.shape[1] - 3 * gap - 0.65 * (font_size + 2) * len(heading)
    if room > 0.6 * font_size * len(note):
        texts.append(Text(note, sheet.shape[1] - gap, band / 2, font_size, MUTED, 'rm'))
    for place, (picture, (first, second)) in enumerate(zip(pictures, captions, strict=True)):
        top = band + place // columns * cell_height
        left = place % columns * cell_width
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        room = width - 2 * gap
        middle = top + height + line * 0.7
        first, second = (shorten(text, font_size, room) for text in (first, second))
        texts.append(Text(first, left + gap, middle, font_size, FOREGROUND))
        texts.append(Text(second, left + gap, middle + line, font_size, MUTED))
    return draw_texts(sheet, texts)


def _part_with_masks(
    reference: np.ndarray, prediction: np.ndarray, num_classes: int, margin: float = 0.04
) -> tuple[slice, slice]:
    """Find the part of an image that contains all masks, with a margin, as square as possible."""
    boxes = [
        box
        for packed in (reference, prediction)
        for box in class_boxes(packed, num_classes).values()
    ]
    if not boxes:
        return slice(None), slice(None)
    spans = [
        (min(extent.start for extent in axis), max(extent.stop for extent in axis))
        for axis in zip(*boxes, strict=True)
    ]
    side = (1 + 2 * margin) * max(stop - start for start, stop in spans)
    part = []
    for (start, stop), length in zip(spans, reference.shape, strict=False):
        side_here = min(round(side), length)
        first = min(max((start + stop - side_here) // 2, 0), length - side_here)
        part.append(slice(first, first + side_here))
    return part[0], part[1]


def _scale_part(
    part: tuple[slice, slice], shape: tuple[int, ...], other: tuple[int, ...]
) -> tuple[slice, slice]:
    """Find the same part in an array of a different resolution."""
    rows, columns = (
        slice(
            None if axis.start is None else round(axis.start * there / here),
            None if axis.stop is None else round(axis.stop * there / here),
        )
        for axis, here, there in zip(part, shape, other, strict=False)
    )
    return rows, columns
