"""Reference and prediction of an image side by side, with a legend."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.masks import class_boxes, dice, overlap_counts

from .legend import BACKGROUND, FOREGROUND, MUTED, LegendEntry, draw_legend
from .overlay import Color, class_colors, draw_masks
from .picture import to_picture
from .text import Text, draw_texts, shorten


def draw_comparison(
    image: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Color] | None = None,
    reference: np.ndarray | None = None,
    prediction: np.ndarray | None = None,
    *,
    title: str = '',
    panel_size: int | None = 1024,
    alpha: float = 0.25,
    line_width: int | None = None,
    with_labels: bool = True,
    with_image: bool = False,
) -> np.ndarray:
    """Draw the given masks side by side: reference on the left, prediction on the right.

    Args:
        image: (H, W) or (H, W, 3) RGB.
        classes: Class names, in bit order.
        palette: One RGB colour per class. Default: distinct colours.
        reference: Packed map, or None.
        prediction: Packed map, or None.
        title: Name of the image.
        panel_size: Longer side of each panel in pixels; None keeps that of the image.
        alpha: Share of the colour in a fill.
        line_width: Width of the outlines. Default: 2 at 1024 pixels, scaled with the size.
        with_labels: Number the masks and add headings and a legend with the Dice of each class.
        with_image: Add the image without masks on the left.

    Returns:
        RGB, uint8.
    """
    given = {'Ground truth': reference, 'Prediction': prediction}
    maps = {heading: packed for heading, packed in given.items() if packed is not None}
    panels = {}
    if with_image or not maps:
        panels['Image'] = to_picture(image, panel_size)
    for heading, packed in maps.items():
        panels[heading] = draw_masks(
            image,
            packed,
            classes,
            palette,
            size=panel_size,
            alpha=alpha,
            line_width=line_width,
            numbers=with_labels,
        )
    if not with_labels:
        return np.concatenate(list(panels.values()), axis=1)
    scores = class_scores(reference, prediction, len(classes))
    return _compose(panels, _entries(list(maps.values()), classes, palette, scores), scores, title)


def class_scores(
    reference: np.ndarray | None, prediction: np.ndarray | None, num_classes: int
) -> np.ndarray | None:
    """Compute the Dice of every class of an image if it has both masks.

    Args:
        reference: Packed map, or None.
        prediction: Packed map, or None.
        num_classes: Number of classes.

    Returns:
        Float64 (C,), or None if one of them is missing or their sizes differ.
    """
    if reference is None or prediction is None or reference.shape != prediction.shape:
        return None
    return dice(overlap_counts(prediction, reference, num_classes))


def short_path(path: str | Path) -> str:
    """Name an image by its folder and file, as in 'ID001/image1_R.png'."""
    return '/'.join(Path(path).parts[-2:])


def _entries(
    maps: Sequence[np.ndarray],
    classes: Sequence[str],
    palette: Sequence[Color] | None,
    scores: np.ndarray | None,
) -> list[LegendEntry]:
    present = sorted({index for packed in maps for index in class_boxes(packed, len(classes))})
    colors = class_colors(classes, palette)
    return [
        LegendEntry(
            index, classes[index], colors[index], None if scores is None else float(scores[index])
        )
        for index in present
    ]


def _compose(
    panels: dict[str, np.ndarray],
    entries: list[LegendEntry],
    scores: np.ndarray | None,
    title: str,
) -> np.ndarray:
    height, width = next(iter(panels.values())).shape[:2]
    font_size = min(20, max(11, round(height / 52)))
    band = round(font_size * 2.2)
    gap = font_size // 2
    parts, texts, left = [], [], 0
    for heading, picture in panels.items():
        parts += [picture, np.full((height, gap, 3), BACKGROUND, np.uint8)]
        texts.append(Text(heading, left + gap, band / 2, font_size, FOREGROUND, bold=True))
        if heading == 'Prediction' and scores is not None:
            mean = f'mean Dice {scores.mean():.3f}'
            texts.append(Text(mean, left + width - gap, band / 2, font_size, MUTED, 'rm'))
        left += width + gap
    first = 'Ground truth' if 'Ground truth' in panels else next(iter(panels))
    right = list(panels).index(first) * (width + gap) + width - gap
    name = shorten(title, font_size, width - 10 * font_size)
    if entries:
        parts.append(draw_legend(entries, height, font_size))
    body = np.concatenate(parts, axis=1)
    header = np.full((band, body.shape[1], 3), BACKGROUND, np.uint8)
    if first != 'Prediction' or scores is None:
        texts.append(Text(name, right, band / 2, font_size, MUTED, 'rm'))
    return np.concatenate([draw_texts(header, texts), body])
