"""Legend beside a picture: the classes in it, their colours and scores."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .text import Text, draw_texts, text_width

BACKGROUND = (22, 22, 26)
FOREGROUND = (232, 232, 234)
MUTED = (158, 158, 166)
WARNING = (255, 176, 64)


class LegendEntry(NamedTuple):
    """A line of the legend.

    Attributes:
        index: Class index; shown counting from 1, as in the picture.
        name: Class name.
        color: RGB of the class.
        score: Dice, or None without a reference.
    """

    index: int  # type: ignore[assignment]  # a tuple has a method of that name
    name: str
    color: tuple[int, int, int]
    score: float | None = None


def draw_legend(entries: Sequence[LegendEntry], height: int, font_size: int) -> np.ndarray:
    """Draw a legend as high as the picture, in as many columns as it needs.

    The lowest score is highlighted by its colour.

    Args:
        entries: The classes, in the order of the legend.
        height: Height in pixels.
        font_size: Font size in pixels.

    Returns:
        RGB, uint8 (height, width, 3).
    """
    line = round(font_size * 1.55)
    rows = max(1, (height - line) // line)
    swatch = text_width('888', font_size - 2) + font_size // 2
    gap = font_size // 2
    texts, swatches, left = [], [], font_size
    scores = [entry.score for entry in entries if entry.score is not None]
    for start in range(0, len(entries), rows):
        column = entries[start : start + rows]
        names = max(text_width(entry.name, font_size) for entry in column)
        scored = text_width('0.000', font_size) + font_size if scores else 0
        name_left = left + swatch + gap
        right = name_left + names + scored
        for row, entry in enumerate(column):
            middle = line + row * line
            swatches.append((left, middle - round(line * 0.4), swatch, round(line * 0.8), entry))
            texts.append(_swatch_text(entry, left + swatch / 2, middle, font_size - 2))
            texts.append(Text(entry.name, name_left, middle, font_size, FOREGROUND))
            if entry.score is not None:
                lowest = entry.score == min(scores)
                color = WARNING if lowest else MUTED
                score = f'{entry.score:.3f}'
                texts.append(Text(score, right, middle, font_size, color, 'rm', bold=lowest))
        left = right + 2 * font_size
    legend = np.full((height, max(left - font_size, 1), 3), BACKGROUND, np.uint8)
    for x, y, width, tall, entry in swatches:
        cv2.rectangle(legend, (x, y, width, tall), entry.color, cv2.FILLED)
    return draw_texts(legend, texts)


def _swatch_text(entry: LegendEntry, x: float, y: float, font_size: int) -> Text:
    red, green, blue = entry.color
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    color = (16, 16, 18) if luminance > 125 else (250, 250, 250)
    return Text(str(entry.index + 1), x, y, font_size, color, 'mm')
