"""Pictures whose pixel values stand for classes, drawn into packed maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from handbone.masks import IGNORE_BIT, num_planes
from handbone.masks.packed import CLASSES_PER_PLANE
from handbone.masks.rle import change_points
from handbone.radiographs.errors import RadiographError
from handbone.radiographs.picture_header import read_picture_header
from handbone.structure import one_line

from ..errors import DatasetError

REMEDY = 'Copy or write it again'
#: Modes of Pillow whose pixels are one number: palette, grey of 1, 8, 16 and 32 bits.
NUMBER_MODES = {'P', '1', 'L', 'I;16', 'I;16B', 'I'}


def draw_values(
    path: Path, table: 'ValueTable', height: int, width: int, num_classes: int
) -> np.ndarray:
    """Draw a picture of numbers; with the first two arguments given, a function of MaskFiles.

    Args:
        path: The file.
        table: What its values stand for.
        height: Rows of the image.
        width: Columns of the image.
        num_classes: Number of classes.

    Returns:
        Packed map.

    Raises:
        DatasetError: It cannot be read, or a value stands for nothing.
    """
    return table.draw(read_values(path), num_classes, path)


@dataclass(frozen=True)
class ValueTable:
    """What the values of pixels stand for.

    Attributes:
        classes: Class indices by value, none for background.
        ignored: Values of pixels to ignore.
    """

    classes: Mapping[int, tuple[int, ...]]
    ignored: frozenset[int] = frozenset()

    def draw(self, values: np.ndarray, num_classes: int, path: Path) -> np.ndarray:
        """Draw a picture into a packed map.

        Args:
            values: (H, W), whole numbers.
            num_classes: Number of classes.
            path: The file, for errors.

        Returns:
            Packed map, int32, (H, W) for up to 31 classes, else (H, W, P).

        Raises:
            DatasetError: A value stands for nothing.
        """
        flat = values.ravel()
        starts = change_points(flat)
        found, which = np.unique(flat[starts], return_inverse=True)
        codes = np.zeros((num_planes(num_classes), len(found)), np.int32)
        for number, value in enumerate(found.tolist()):
            if value in self.ignored:
                codes[:, number] = IGNORE_BIT
                continue
            if value not in self.classes:
                raise self._unknown(value, int(starts[which == number][0]), values.shape[1], path)
            for index in self.classes[value]:
                plane, bit = divmod(index, CLASSES_PER_PLANE)
                codes[plane, number] |= np.int32(1 << bit)
        lengths = np.diff(starts, append=flat.size)
        planes = [np.repeat(plane[which], lengths).reshape(values.shape) for plane in codes]
        return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)

    def _unknown(self, value: int, place: int, width: int, path: Path) -> DatasetError:
        row, column = divmod(place, width)
        return DatasetError.at(
            path,
            f'the value {value} at x {column}, y {row} stands for no class',
            f'The values are {", ".join(map(str, sorted(self.classes)[:40]))}; correct the class '
            'list or the picture',
        )


def read_values(path: Path) -> np.ndarray:
    """Read a picture whose pixels are numbers: indices of a palette, or grey values as they are.

    Args:
        path: The file.

    Returns:
        (H, W), an unsigned or signed type.

    Raises:
        DatasetError: It cannot be read, or has several channels.
    """
    picture = _decoded(path)
    if picture.mode not in NUMBER_MODES:
        raise DatasetError.at(
            path,
            f'its pixels are colours (mode {picture.mode}), not indices',
            'Name the format color-png, or save it as an index PNG',
        )
    values = np.asarray(picture)
    return values.astype(np.uint8) if values.dtype == bool else values


def read_colors(path: Path) -> np.ndarray:
    """Read a picture of colours.

    Args:
        path: The file.

    Returns:
        (H, W) int32, ``red << 16 | green << 8 | blue``.

    Raises:
        DatasetError: It cannot be read.
    """
    red, green, blue = np.moveaxis(np.asarray(_decoded(path).convert('RGB'), np.int32), 2, 0)
    return red << 16 | green << 8 | blue


def _decoded(path: Path) -> Image.Image:
    """Decode a picture of the formats that images have, none of which runs another program."""
    try:
        with path.open('rb') as file:
            kind = read_picture_header(path, file).format
            file.seek(0)
            with Image.open(file, formats=[kind]) as picture:
                picture.load()
                return picture
    except RadiographError as error:
        raise DatasetError.at(path, error.problem, REMEDY) from error
    except Exception as error:  # Pillow raises whatever a damaged file leads it to
        problem = f'the picture cannot be read ({one_line(error)})'
        raise DatasetError.at(path, problem, REMEDY) from error
