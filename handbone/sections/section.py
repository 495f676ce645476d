"""A colour image that is too large to be read at once."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError
from handbone.radiographs import RadiographError

from .area_average import area_average
from .levels import Level, open_levels

#: Sections whose header a process keeps.
KEPT_OPEN = 64
#: Pixels of the file that are decoded at a time.
PIXELS_AT_ONCE = 2**22


class Section:
    """A tissue section, read in parts at a scale.

    >>> section = Section('data/tissue/images/10044.tiff')
    >>> section.read(0, 0, 512, 512, reduce=4).shape
    (512, 512, 3)

    Args:
        path: A TIFF, tiled or striped, with a pyramid or without; or a picture of another format,
            which is decoded as a whole.

    Attributes:
        path: The file.
        size: Height and width in pixels.

    Raises:
        RadiographError: It cannot be read, is cut off, or is no colour image of 8 bits.
        MissingExtraError: The extra ``tissue`` is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._levels: list[Level] = open_levels(self.path)
        self.size = self._levels[0].size

    def reduced_size(self, reduce: int) -> tuple[int, int]:
        """Tell the size at a scale.

        Args:
            reduce: Pixels of the file per pixel of the result, along each side.

        Returns:
            Height and width; the last row and column may stand for fewer pixels.

        Raises:
            HandboneError: ``reduce`` is not a positive whole number.
        """
        check_reduce(reduce)
        return -(-self.size[0] // reduce), -(-self.size[1] // reduce)

    def read(self, top: int, left: int, height: int, width: int, reduce: int = 1) -> np.ndarray:
        """Read a rectangle at a scale: averages of ``reduce`` x ``reduce`` pixels of the file.

        Of a pyramid, the smallest level is read that has the pixels for it.

        Args:
            top: First row, in pixels of the result.
            left: First column, in pixels of the result.
            height: Rows of the result.
            width: Columns of the result.
            reduce: Pixels of the file per pixel of the result, along each side.

        Returns:
            (height, width, 3) RGB, uint8.

        Raises:
            HandboneError: The rectangle does not lie within the section.
            RadiographError: It cannot be decoded.
        """
        full = self.reduced_size(reduce)
        if min(top, left) < 0 or min(height, width) < 1 or top + height > full[0]:
            raise self._outside(top, left, height, width, full)
        if left + width > full[1]:
            raise self._outside(top, left, height, width, full)
        level, factor = self._level_for(reduce)
        rest = reduce // factor
        image = np.empty((height, width, 3), np.uint8)
        columns = slice(left * rest, min((left + width) * rest, level.size[1]))
        step = max(1, PIXELS_AT_ONCE // ((columns.stop - columns.start) * rest))
        for start in range(0, height, step):
            stop = min(start + step, height)
            rows = slice((top + start) * rest, min((top + stop) * rest, level.size[0]))
            image[start:stop] = area_average(level.read(rows, columns), rest)
        return image

    def overview(self, longer_side: int) -> tuple[np.ndarray, int]:
        """Read the whole section at a scale at which it is small.

        Args:
            longer_side: Most pixels of its longer side.

        Returns:
            (h, w, 3) RGB, uint8, and the pixels of the file per pixel of it.
        """
        reduce = -(-max(self.size) // longer_side)
        return self.read(0, 0, *self.reduced_size(reduce), reduce), reduce

    def _level_for(self, reduce: int) -> tuple[Level, int]:
        """Choose the smallest level whose factor divides a scale, and tell its factor."""
        chosen = self._levels[0], 1
        for level in self._levels[1:]:
            factor = round(self.size[0] / level.size[0])
            exact = all(
                low == -(-side // factor) for low, side in zip(level.size, self.size, strict=True)
            )
            if exact and reduce % factor == 0 and factor > chosen[1]:
                chosen = level, factor
        return chosen

    def _outside(
        self, top: int, left: int, height: int, width: int, full: tuple[int, int]
    ) -> HandboneError:
        return HandboneError(
            f'{self.path}: the rectangle of {height} x {width} pixels at row {top} and column '
            f'{left} does not lie within the section of {full[0]} x {full[1]} at this scale.'
        )


def open_section(path: str | Path) -> Section:
    """Open a section; the headers of those used last stay in memory.

    Args:
        path: As for :class:`Section`.

    Returns:
        The section. A file that changed is read anew.

    Raises:
        RadiographError: As for :class:`Section`.
    """
    path = Path(path)
    try:
        status = path.stat()
    except OSError as error:
        raise RadiographError.at(
            path,
            f'the image cannot be read ({error.strerror or error})',
            'Check that the file exists and that you may read it',
        ) from error
    return _open(path, status.st_mtime_ns, status.st_size)


def read_section_size(path: str | Path) -> tuple[int, int]:
    """Read height and width of a section from its header."""
    return open_section(path).size


def check_reduce(reduce: int) -> None:
    """Check a scale.

    Args:
        reduce: Pixels of the file per pixel of the result, along each side.

    Raises:
        HandboneError: It is not a positive whole number.
    """
    if not isinstance(reduce, int) or reduce < 1:
        raise HandboneError(f'reduce is a whole number from 1, got {reduce!r}')


@lru_cache(KEPT_OPEN)
def _open(path: Path, changed: int, size: int) -> Section:
    return Section(path)
