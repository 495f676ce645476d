"""Where the tiles of a section are."""

from pathlib import Path
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.radiographs import RadiographError

from .section import check_reduce


class Tile(NamedTuple):
    """A square of a section at a scale.

    Attributes:
        top: First row, in pixels at the scale.
        left: First column, in pixels at the scale.
        size: Side, in pixels at the scale.
        reduce: Pixels of the file per pixel at the scale, along each side.
    """

    top: int
    left: int
    size: int
    reduce: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, height and width in pixels of the file."""
        side = self.size * self.reduce
        return self.top * self.reduce, self.left * self.reduce, side, side


class TileGrid(NamedTuple):
    """Overlapping tiles that cover a section.

    The last row and column of tiles end where the last whole pixel at the scale does, so that all
    tiles lie within the section and their labels and averages are of whole blocks of pixels.

    Attributes:
        size: Side of a tile, in pixels at the scale.
        overlap: Pixels that neighbours share, at the scale.
        reduce: Pixels of the file per pixel at the scale, along each side.
    """

    size: int = 512
    overlap: int = 0
    reduce: int = 1

    def check(self) -> None:
        """Check the numbers.

        Raises:
            HandboneError: The tiles would not move, or are no tiles.
        """
        check_reduce(self.reduce)
        if not isinstance(self.size, int) or self.size < 1:
            raise HandboneError(f'tile_size is a whole number of pixels from 1, got {self.size!r}')
        if not isinstance(self.overlap, int) or not 0 <= self.overlap < self.size:
            raise HandboneError(
                f'overlap is from 0 to less than tile_size {self.size}, or the tiles would not '
                f'move on, got {self.overlap!r}'
            )

    def tiles(self, size: tuple[int, int], place: str | Path = 'the section') -> list[Tile]:
        """Place the tiles, row by row.

        Args:
            size: Height and width of the section in pixels of the file.
            place: The file, for errors.

        Returns:
            The tiles.

        Raises:
            RadiographError: The section is smaller than a tile.

        >>> [(tile.top, tile.left) for tile in TileGrid(4, 1).tiles((4, 9))]
        [(0, 0), (0, 3), (0, 5)]
        """
        height, width = (side // self.reduce for side in size)
        if min(height, width) < self.size:
            raise RadiographError.at(
                place,
                f'its {size[0]} x {size[1]} pixels are {height} x {width} at reduce '
                f'{self.reduce}, less than one tile of {self.size}',
                f'Set tile_size to at most {min(height, width)}, or a smaller reduce'
                if min(height, width)
                else 'Set a smaller reduce',
            )
        return [
            Tile(top, left, self.size, self.reduce)
            for top in self._starts(height)
            for left in self._starts(width)
        ]

    def _starts(self, length: int) -> list[int]:
        last = length - self.size
        return [*range(0, last, self.size - self.overlap), last]
