"""Which parts of a section show tissue, and which tiles are worth training on."""

from typing import NamedTuple

import cv2
import numpy as np

from handbone.errors import HandboneError

from .section import Section
from .tile_grid import Tile

#: Longer side of the overview in which tissue is looked for, in pixels.
OVERVIEW = 1024
#: The threshold on the saturation stays within these values of 0 to 255. Glass is nearly grey, and
#: where a section is full of tissue, Otsu's method would divide the tissue.
SATURATION_LIMITS = (10, 40)


class TissueMap(NamedTuple):
    """Where a section shows tissue.

    Attributes:
        mask: (h, w) bool, of the overview.
        reduce: Pixels of the file per pixel of the overview, along each side.
        threshold: Saturation, 0 to 255, above which a pixel counts as tissue.
    """

    mask: np.ndarray
    reduce: int
    threshold: float

    def share(self, tile: Tile) -> float:
        """Measure which share of a tile shows tissue.

        Args:
            tile: The tile.

        Returns:
            0 to 1.
        """
        top, left, height, width = tile.box
        rows = slice(top // self.reduce, -(-(top + height) // self.reduce))
        columns = slice(left // self.reduce, -(-(left + width) // self.reduce))
        return float(self.mask[rows, columns].mean())


class JudgedTile(NamedTuple):
    """A tile and what became of it.

    Attributes:
        tile: The tile.
        share: Share of it that shows tissue, 0 to 1.
        labelled: Whether a label lies in it.
        kept: Whether it is kept.
    """

    tile: Tile
    share: float
    labelled: bool
    kept: bool


class TissueRule(NamedTuple):
    """Leaves out tiles of background.

    A tile is kept if at least ``min_tissue`` of it shows tissue, or if any label lies in it. A
    pixel of an overview of 1024 pixels shows tissue if its saturation (HSV) is above the threshold
    of Otsu (1979), which is kept between 10 and 40 of 255.

    Attributes:
        min_tissue: Share of a tile, 0 to 1; at 0 all tiles are kept and no pixel is read.
    """

    min_tissue: float = 0.05

    def check(self) -> None:
        """Check the number.

        Raises:
            HandboneError: It is no share.
        """
        if not 0 <= self.min_tissue <= 1:
            raise HandboneError(f'min_tissue is a share from 0 to 1, got {self.min_tissue!r}')

    def keeps(self, share: float, labelled: bool) -> bool:
        """Decide about one tile.

        Args:
            share: Share of it that shows tissue.
            labelled: Whether a label lies in it.

        Returns:
            Whether it is kept.
        """
        return labelled or share >= self.min_tissue


def find_tissue(section: Section) -> TissueMap:
    """Find tissue in an overview of a section.

    Args:
        section: The section.

    Returns:
        Where it is.

    Raises:
        RadiographError: The section cannot be decoded.
    """
    overview, reduce = section.overview(OVERVIEW)
    saturation = cv2.cvtColor(overview, cv2.COLOR_RGB2HSV)[..., 1]
    otsu, _ = cv2.threshold(saturation, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    threshold = float(np.clip(otsu, *SATURATION_LIMITS))
    return TissueMap(saturation > threshold, reduce, threshold)
