"""Mosaics of four tiles."""

from collections.abc import Sized
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError

from .arguments import check_factors, check_prob

UNKNOWN = 'gt_unknown_map'


@TRANSFORMS.register_module()
class TileMosaic(BaseTransform):
    """Join parts of four tiles in one.

    Borders of tissue, and organs beside each other, become more frequent than they are in single
    tiles. A point is drawn; each tile gives the quarter of itself that lies in its corner, at
    its own scale and place, so nothing is resized.

    Image: (H, W, 3) of any dtype, the four quarters side by side. Labels: all maps of
    ``seg_fields`` are put together in the same way, bit by bit, also (H, W, P). A tile without
    ``gt_unknown_map`` knows all classes.

    It belongs into the pipeline of mmseg's ``MultiImageMixDataset`` around SectionTiles, whose own
    pipeline loads tiles and labels; random numbers are those of the sample, so that a resumed run
    sees the same mosaics.

    Required keys: ``img``, ``seg_fields`` and, where a mosaic is made, ``mix_results``. Modified
    keys: ``img`` and the maps.

    Args:
        prob: Share of samples that become mosaics; the others load no further tiles.
        center: Range of the point, as a share of height and width.

    Raises:
        HandboneError: A number is out of its range, or tiles have different sizes.
    """

    def __init__(self, prob: float = 0.5, center: tuple[float, float] = (0.25, 0.75)) -> None:
        self.prob = check_prob(prob)
        self.center = check_factors('center', center)
        if self.center[1] >= 1:
            raise HandboneError(f'center must be shares below 1, got {center}')

    @cache_randomness
    def get_indices(self, dataset: Sized) -> list[int]:
        """Choose the three other tiles; mmseg's ``MultiImageMixDataset`` calls it.

        Args:
            dataset: The dataset of tiles.

        Returns:
            Three indices; none where no mosaic is to be made.
        """
        if np.random.rand() >= self.prob:
            return []
        return [int(index) for index in np.random.randint(0, len(dataset), 3)]

    @cache_randomness
    def _point(self, height: int, width: int) -> tuple[int, int]:
        row, column = np.random.uniform(self.center[0], self.center[1], 2)
        return round(row * height), round(column * width)

    def transform(self, results: dict) -> dict:
        """Join the tiles.

        Args:
            results: The dict of one tile, with those of the others in ``mix_results``.

        Returns:
            The same dict with the mosaic.
        """
        others = results.get('mix_results')
        if not others:
            return results
        tiles = [results, *others]
        _same_fields(tiles)
        row, column = self._point(*results['img'].shape[:2])
        for key in ('img', *results.get('seg_fields', [])):
            results[key] = _joined([_of_tile(tile, key, results) for tile in tiles], row, column)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, center={self.center})'


def _same_fields(tiles: list[dict]) -> None:
    """Give all tiles a map of unknown classes if any of them has one."""
    if any(UNKNOWN in tile.get('seg_fields', []) for tile in tiles):
        for tile in tiles:
            if UNKNOWN not in tile['seg_fields']:
                tile[UNKNOWN] = np.zeros_like(tile['gt_seg_map'])
                tile['seg_fields'] = [*tile['seg_fields'], UNKNOWN]


def _of_tile(tile: dict, key: str, first: dict) -> np.ndarray:
    found: Any = tile.get(key)
    if found is None or found.shape != first[key].shape:
        shape = None if found is None else found.shape
        raise HandboneError(
            f'TileMosaic joins tiles of one size, but {key} is {shape} in one and '
            f'{first[key].shape} in another: bring them to one size before'
        )
    return found


def _joined(maps: list[np.ndarray], row: int, column: int) -> np.ndarray:
    """Take the quarters of four maps: top left, top right, bottom left, bottom right."""
    joined = maps[0].copy()
    joined[:row, column:] = maps[1][:row, column:]
    joined[row:, :column] = maps[2][row:, :column]
    joined[row:, column:] = maps[3][row:, column:]
    return joined
