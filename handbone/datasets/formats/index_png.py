"""Pictures of one class per pixel: indices, with or without a palette."""

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from handbone.bones import distinct_colors
from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.masks import class_mask, ignore_mask
from handbone.masks.packed import planes_of

from ..bad_files import BadFiles
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .class_list import write_class_list
from .format_writer import FormatWriter
from .label_file_reader import Draw, LabelFileReader
from .value_table import ValueTable, draw_values

FOLDER = 'masks'
SUFFIXES = ('.png', '.bmp', '.gif', '.tif', '.tiff')
#: Value of pixels to ignore, as in many data sets.
IGNORED = 255
#: Most classes of a picture of 8 bits, beside background and ignored pixels.
MOST_CLASSES = 254
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


class IndexPngReader(LabelFileReader):
    """Reads pictures whose value is the number of a class: 0 is background, 1 the first class.

    The names are the lines of ``classes.txt``, or the chosen classes.

    Args:
        source: A folder with the folder ``masks``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        first: Value of the first class: 1, or 0 where there is no background.
        ignored: Value of pixels to ignore, which may be 0; None takes 255 where it is no class.

    Raises:
        HandboneError: ``first`` is something else, or ``ignored`` is the value of a class.
    """

    FOLDERS = (FOLDER,)
    SUFFIXES = SUFFIXES

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        first: int = 1,
        ignored: int | None = None,
    ) -> None:
        if first not in (0, 1):
            raise HandboneError(f'first must be 0 or 1, got {first!r}')
        if ignored is not None and type(ignored) is not int:
            raise HandboneError(f'ignored must be the value of a pixel, got {ignored!r}')
        super().__init__(source, images, choice, bad_files)
        names = self.listed_names()
        self.classes, indices = self.choice.resolve(names, self._folder)
        values: dict[int, tuple[int, ...]] = {0: ()}
        for value, name in enumerate(names, first):
            index = indices[name]
            values[value] = () if index is None else (index,)
        if ignored is not None and 0 <= ignored - first < len(names):
            raise HandboneError(
                f'ignored is {ignored}, which is the value of class {shown(names[ignored - first])}'
            )
        skipped = {IGNORED} - values.keys() if ignored is None else {ignored}
        self._table = ValueTable(values, frozenset(skipped))

    def drawing(self, path: Path) -> Draw:
        """Draw one picture; see the base class."""
        return partial(draw_values, path, self._table)


class IndexPngWriter(FormatWriter):
    """Writes ``masks/<name>.png``, an index PNG with a palette, and ``classes.txt``.

    Where classes overlap, the last one in class order stays. Ignored pixels are 255.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`, at most 254.
        palette: Colours of the palette; distinct ones by default.

    Attributes:
        colors: Red, green and blue of each class.
        color_table: The same of every value, 0 to 255.

    Raises:
        HandboneError: There are more classes than an index PNG holds.
    """

    LABEL_PATH = FOLDER
    KEEPS_IGNORED = True

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        if len(classes) > MOST_CLASSES:
            raise HandboneError(
                f'An index PNG holds at most {MOST_CLASSES} classes, and there are {len(classes)}. '
                'Choose fewer, or a different format.'
            )
        super().__init__(target, classes, palette)
        self.colors = list(self.palette) or distinct_colors(len(classes))
        unused = [BLACK] * (IGNORED - 1 - len(classes))
        self.color_table = bytes(sum((BLACK, *self.colors, *unused, WHITE), ()))

    def write(self, image: AnnotatedImage) -> None:
        """Write the picture of one image; see the base class."""
        values = single_values(self.draw(image), len(self.classes), self)
        picture = Image.fromarray(values)
        picture.putpalette(self.color_table)
        write_atomically(self.target / FOLDER / f'{self.label_stem(image)}.png', png_bytes(picture))

    def finish(self) -> None:
        """Write the class list; see the base class."""
        write_class_list(self.target, self.classes)


def single_values(packed: np.ndarray, num_classes: int, writer: FormatWriter) -> np.ndarray:
    """Give every pixel the number of one class.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes, at most 254.
        writer: It counts the pixels that lose a class.

    Returns:
        (H, W) uint8: 0 for background, ``c + 1`` for class ``c``, 255 for ignored pixels.
    """
    ignored = ignore_mask(packed)
    several = np.zeros(packed.shape[:2], bool)
    covered = np.zeros(packed.shape[:2], bool)
    for plane in planes_of(packed):
        several |= ((plane & (plane - 1)) != 0) | (covered & (plane != 0))
        covered |= plane != 0
    several &= ~ignored
    writer.losses.add('pixels of several classes, of which the last one stays', int(several.sum()))
    values = np.zeros(packed.shape[:2], np.uint8)
    for index in range(num_classes):
        values[class_mask(packed, index)] = index + 1
    values[ignored] = IGNORED
    return values


def png_bytes(picture: Image.Image) -> bytes:
    """Write a picture as PNG.

    Args:
        picture: The picture.

    Returns:
        The content of the file.
    """
    content = io.BytesIO()
    picture.save(content, 'PNG')
    return content.getvalue()
