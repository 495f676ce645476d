"""A regular grid of hidden boxes."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError

from .arguments import MOST_COUNT, check_number, check_prob, check_range
from .dropped_boxes import Box, check_labels, drop_boxes


@TRANSFORMS.register_module()
class GridDropout(BaseTransform):
    """Hide a box in each cell of a grid (GridMask, Chen et al., 2020).

    Image: the boxes are filled with one grey value. Labels: as ``labels`` says.

    Required and modified keys: ``img``. Optional keys: those in ``seg_fields``.

    Args:
        cells: Range of the number of cells along the longer side; cells are squares.
        ratio: Side of the box as a share of the side of its cell, above 0 and below 1.
        fill: Grey value of what is hidden, 0 to 255.
        labels: ``'keep'``, ``'ignore'`` or ``'background'``: what the labels of hidden pixels
            become. By default the network has to find what it cannot see.
        prob: Share of images with a grid.

    Raises:
        HandboneError: If an argument is not possible.

    >>> transform = GridDropout(cells=(2, 2), ratio=0.5, prob=1.0)
    >>> int((transform(dict(img=np.ones((8, 8), np.uint8)))['img'] == 0).sum())
    16
    """

    def __init__(
        self,
        cells: tuple[int, int] = (4, 12),
        ratio: float = 0.4,
        fill: float = 0,
        labels: str = 'keep',
        prob: float = 0.5,
    ) -> None:
        self.cells = check_range('cells', cells, 1, MOST_COUNT)
        if not 0 < check_number('ratio', ratio, 0, 1) < 1:
            raise HandboneError(f'ratio must be above 0 and below 1, got {ratio}')
        self.ratio = ratio
        self.fill = check_number('fill', fill, 0, 255)
        self.labels = check_labels(labels)
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> tuple[int, float, float] | None:
        """Draw the number of cells and the grid's offsets in cells; None for no grid."""
        chosen = np.random.rand() < self.prob
        count = np.random.randint(int(self.cells[0]), int(self.cells[1]) + 1)
        left, top = np.random.rand(2)
        return (count, left, top) if chosen else None

    def transform(self, results: dict) -> dict:
        """Hide the boxes.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        drawn = self._draw()
        if drawn is not None:
            drop_boxes(results, self._boxes(results['img'].shape, *drawn), self.fill, self.labels)
        return results

    def _boxes(self, shape: tuple[int, ...], count: int, left: float, top: float) -> list[Box]:
        height, width = shape[:2]
        cell = max(height, width) / count
        rows, columns = (
            [
                (max(0, round(start)), min(side, round(start + self.ratio * cell)))
                for start in cell * (np.arange(-1, int(side / cell) + 1) + offset)
            ]
            for side, offset in ((height, top), (width, left))
        )
        return [
            (x, y, right, bottom)
            for y, bottom in rows
            for x, right in columns
            if x < right and y < bottom
        ]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(cells={self.cells}, ratio={self.ratio}, fill={self.fill}, '
            f'labels={self.labels!r}, prob={self.prob})'
        )
