"""Pictures of one class per pixel, told by its colour."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.listing import by_normal_form

from ..bad_files import BadFiles
from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .index_png import BLACK, FOLDER, SUFFIXES, WHITE, IndexPngWriter, png_bytes, single_values
from .label_file_reader import Draw, LabelFileReader
from .label_json import load_json
from .value_table import ValueTable, read_colors

COLOR_TABLE = 'colors.json'
BLACK_VALUE, WHITE_VALUE = 0x000000, 0xFFFFFF


class ColorPngReader(LabelFileReader):
    """Reads pictures whose colour is a class; black is background unless it is a class.

    The colours are in ``colors.json``, ``{"heart": [255, 0, 0]}``, or given.

    Args:
        source: A folder with the folder ``masks``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        colors: Red, green and blue, 0 to 255, by class; None reads ``colors.json``.

    Raises:
        HandboneError: ``colors`` is something else.
    """

    FOLDERS = (FOLDER,)
    SUFFIXES = SUFFIXES

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        colors: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        sound = isinstance(colors, Mapping) and all(map(_is_color, colors.items()))
        if colors is not None and not sound:
            raise HandboneError(f'colors must be {{CLASS: [RED,GREEN,BLUE]}}, got {colors!r}')
        super().__init__(source, images, choice, bad_files)
        given = self._color_table() if colors is None else dict(colors)
        names = by_normal_form(given, self._folder)
        table = {name: given[written] for name, written in names.items()}
        values = _color_values(table, self._folder)
        self.classes, indices = self.choice.resolve(list(values), self._folder)
        of_class = {name: (red, green, blue) for name, (red, green, blue) in table.items()}
        kept = {index: of_class[name] for name, index in indices.items() if index is not None}
        self.palette = tuple(kept[index] for index in range(len(self.classes)))
        classes: dict[int, tuple[int, ...]] = {BLACK_VALUE: ()}
        for name, value in values.items():
            index = indices[name]
            classes[value] = () if index is None else (index,)
        ignored = frozenset({WHITE_VALUE} - classes.keys())
        self._table = ValueTable(classes, ignored)

    def drawing(self, path: Path) -> Draw:
        """Draw one picture; see the base class."""
        return partial(_draw_colors, path, self._table)

    def _color_table(self) -> dict[str, list[int]]:
        for folder in (self._folder, self.source, self._folder.parent):
            path = folder / COLOR_TABLE
            if path.is_file():
                remedy = 'Write {"class": [red, green, blue]}'
                return dict(load_json(path, {str: [int]}, remedy))
        raise DatasetError.at(
            self._folder,
            'the colours of the classes are not known',
            f'Write {COLOR_TABLE} there, {{"class": [red, green, blue]}}, or give colors',
        )


class ColorPngWriter(IndexPngWriter):
    """Writes ``masks/<name>.png`` in colours, and ``colors.json``.

    Where classes overlap, the last one in class order stays. Ignored pixels are white.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`, at most 254.
        palette: Colours of the classes; distinct ones by default.

    Raises:
        HandboneError: There are too many classes, or a colour is black, white or that of two.
    """

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(target, classes, palette)
        if len({BLACK, WHITE, *map(tuple, self.colors)}) < len(classes) + 2:
            raise HandboneError(
                'A colour of the palette is black, white or that of two classes, so the pictures '
                'could not be read again. Choose a different palette.'
            )

    def write(self, image: AnnotatedImage) -> None:
        """Write the picture of one image; see the base class."""
        values = single_values(self.draw(image), len(self.classes), self)
        colors = np.frombuffer(self.color_table, np.uint8).reshape(-1, 3)[values]
        content = png_bytes(Image.fromarray(colors))
        write_atomically(self.target / FOLDER / f'{self.label_stem(image)}.png', content)

    def finish(self) -> None:
        """Write the table of colours; see the base class."""
        table = dict(zip(self.classes, map(list, self.colors), strict=True))
        write_atomically(self.target / COLOR_TABLE, json.dumps(table, indent=1).encode())


def _draw_colors(
    path: Path, table: ValueTable, height: int, width: int, num_classes: int
) -> np.ndarray:
    return table.draw(read_colors(path), num_classes, path)


def _color_values(table: Mapping[str, Sequence[int]], place: Path) -> dict[str, int]:
    """Check a table of colours: ``red << 16 | green << 8 | blue`` by class."""
    values: dict[str, int] = {}
    for name, color in table.items():
        if len(color) != 3 or not all(type(each) is int and 0 <= each <= 255 for each in color):
            problem = f'the colour of {name} is {list(color)}'
            raise DatasetError.at(place, problem, 'Give red, green and blue, 0 to 255')
        value = _value(color)
        if value in values.values():
            problem = f'the colour {list(color)} stands for two classes'
            raise DatasetError.at(place, problem, 'Give each class a colour of its own')
        values[name] = value
    return values


def _is_color(item: tuple[Any, Any]) -> bool:
    name, color = item
    return isinstance(name, str) and isinstance(color, list | tuple)


def _value(color: Sequence[int]) -> int:
    return color[0] << 16 | color[1] << 8 | color[2]
