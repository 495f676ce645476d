"""Antialiased text in pictures, in a font that comes with matplotlib."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont


class Text(NamedTuple):
    """A line of text.

    Attributes:
        string: The text.
        x: Column of the anchor in pixels.
        y: Row of the anchor in pixels.
        size: Font size in pixels.
        color: RGB, 0 to 255.
        anchor: Position of the anchor in the text, in Pillow's notation: 'lm' is left and middle,
            'mm' the centre, 'rm' right and middle.
        bold: Bold type.
        halo: Width in pixels of the dark edge around the letters.
    """

    string: str
    x: float
    y: float
    size: int
    color: tuple[int, int, int] = (235, 235, 235)
    anchor: str = 'lm'
    bold: bool = False
    halo: int = 0


def draw_texts(picture: np.ndarray, texts: Sequence[Text]) -> np.ndarray:
    """Write lines of text into a picture.

    Args:
        picture: RGB, uint8 (H, W, 3).
        texts: The lines.

    Returns:
        New picture of the same shape.
    """
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    for text in texts:
        draw.text(
            (text.x, text.y),
            text.string,
            fill=text.color,
            font=_font(text.size, text.bold),
            anchor=text.anchor,
            stroke_width=text.halo,
            stroke_fill=(10, 10, 12),
        )
    return np.array(canvas)


def text_width(string: str, size: int, bold: bool = False) -> int:
    """Measure a line of text.

    Args:
        string: The text.
        size: Font size in pixels.
        bold: Bold type.

    Returns:
        Width in pixels.
    """
    return int(np.ceil(_font(size, bold).getlength(string)))


def shorten(string: str, size: int, width: int) -> str:
    """Cut the middle out of a text that is too wide.

    Args:
        string: The text.
        size: Font size in pixels.
        width: Available width in pixels.

    Returns:
        The text, with '…' in the middle if it was too wide.
    """
    if text_width(string, size) <= width:
        return string
    for kept in range(len(string) - 1, 1, -1):
        head = kept // 2
        short = f'{string[:head]}…{string[len(string) - (kept - head) :]}'
        if text_width(short, size) <= width:
            return short
    return '…'


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(Path(matplotlib.get_data_path(), 'fonts', 'ttf', name), size)
