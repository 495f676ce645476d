"""The columns of a CSV of runs, by the names that competitions give them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.csv_files import decode, row_error
from handbone.errors import listed

from ..errors import DatasetError

IMAGE = ('image_name', 'id', 'ImageId', 'image_id', 'image', 'img')
RUNS = ('rle', 'segmentation', 'EncodedPixels', 'rle_mask', 'predicted')
#: The class column that says what an image as a whole shows.
ORGAN = 'organ'
LABEL = ('class', 'ClassId', 'class_name', 'label', ORGAN)
HEIGHT = ('img_height', 'height')
WIDTH = ('img_width', 'width')
LARGEST_SIDE = 2**20


class Columns(NamedTuple):
    """Places of the columns that are read; None for one that the file does not have.

    Attributes:
        names: Names in the header.
        image: The column of images.
        runs: The column of runs.
        label: The column of classes.
        height: The column of heights.
        width: The column of widths.
    """

    names: tuple[str, ...]
    image: int
    runs: int
    label: int | None
    height: int | None
    width: int | None

    def size(self, fields: Sequence[bytes], path: Path, line: int) -> tuple[int, int] | None:
        """Read the size of an image from its row.

        Args:
            fields: The fields of the row.
            path: The file, for errors.
            line: The line, for errors.

        Returns:
            Height and width; None if there are no such columns.

        Raises:
            HandboneError: A length is not a positive whole number.
        """
        if self.height is None or self.width is None:
            return None
        words = [decode(fields[place], path, line) for place in (self.height, self.width)]
        for name, word in zip((HEIGHT[0], WIDTH[0]), words, strict=True):
            if not word.isdecimal() or not 0 < int(word) <= LARGEST_SIDE:
                fault = f'{name} is {word!r}, which is not a number of pixels'
                raise row_error(path, line, fault, 'Correct it.')
        return int(words[0]), int(words[1])


def find_columns(names: Sequence[str], path: Path) -> Columns:
    """Find the columns in a header.

    Args:
        names: The names.
        path: The file, for errors.

    Returns:
        Their places.

    Raises:
        DatasetError: A column is missing, or there are two that could be it.
    """
    image = _place(names, IMAGE, path)
    runs = _place(names, RUNS, path)
    for place, known, what in ((image, IMAGE, 'images'), (runs, RUNS, 'runs')):
        if place is None:
            raise DatasetError.at(
                path,
                f'there is no column of {what} among {listed(names, 20)}',
                f'Name it {" or ".join(known[:3])}',
                'line 1',
            )
    assert image is not None and runs is not None  # checked above
    others = (_place(names, known, path) for known in (LABEL, HEIGHT, WIDTH))
    return Columns(tuple(names), image, runs, *others)


def _place(names: Sequence[str], known: Sequence[str], path: Path) -> int | None:
    found = [place for place, name in enumerate(names) if name in known]
    if len(found) > 1:
        raise DatasetError.at(
            path,
            f'the columns {listed([names[place] for place in found])} could all be meant',
            f'Keep one of {", ".join(known)}',
            'line 1',
        )
    return found[0] if found else None
