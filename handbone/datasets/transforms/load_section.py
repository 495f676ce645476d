"""Loading of tissue sections, in tiles or left in their files."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.radiographs import RadiographError
from handbone.sections import Tile, open_section
from handbone.sections.section import check_reduce

from ..image_header import of_dataset


@TRANSFORMS.register_module()
class LoadTile(BaseTransform):
    """Load one tile of a tissue section from its file, at the scale of the dataset.

    Image: averages of ``reduce`` x ``reduce`` pixels, (size, size, 3) uint8 in the order blue,
    green, red. Labels: none yet; ``LoadPolygonAnnotations(frame='image')`` draws them at the scale.

    Required keys: ``img_path`` and ``tile``, as SectionTiles gives them. Added keys: ``img``,
    ``img_shape``, ``ori_shape``, the size of the tile in the file, and ``scale_factor``.

    Raises:
        DatasetError: The file is missing, cut off or damaged.
        HandboneError: The dataset has no tiles.
    """

    def transform(self, results: dict) -> dict:
        """Load the tile.

        Args:
            results: The dict of one tile.

        Returns:
            The same dict with the image.
        """
        if 'tile' not in results:
            raise HandboneError(
                'LoadTile loads tiles, which the dataset SectionTiles has: take it, or LoadSection '
                'for whole sections'
            )
        tile = Tile(*results['tile'])
        try:
            section = open_section(results['img_path'])
            image = section.read(tile.top, tile.left, tile.size, tile.size, tile.reduce)
        except RadiographError as error:
            raise of_dataset(error) from error
        results['img'] = blue_first(image)
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = tile.box[2:]
        results['scale_factor'] = (1 / tile.reduce, 1 / tile.reduce)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class LoadSection(BaseTransform):
    """Leave a tissue section in its file, for a segmentor that reads it window by window.

    Image: a small overview, (h, w, 3) uint8 in the order blue, green, red, which stands for the
    section in batches and pictures. Labels: none yet; ``LoadPolygonAnnotations(frame='original')``
    draws them at the size of the file. Only packing may follow: what changes the overview would not
    reach the windows.

    Required keys: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``, the size of the
    file, and ``section_reduce``.

    Args:
        reduce: Pixels of the file per pixel that the network sees, along each side.
        overview: Most pixels of the overview's longer side.

    Raises:
        DatasetError: The file is missing, cut off or damaged.
        HandboneError: A number is out of its range.
    """

    def __init__(self, reduce: int = 1, overview: int = 512) -> None:
        check_reduce(reduce)
        if overview < 1:
            raise HandboneError(f'overview is at least 1 pixel, got {overview!r}')
        self.reduce = reduce
        self.overview = overview

    def transform(self, results: dict) -> dict:
        """Open the section of ``results['img_path']``.

        Args:
            results: The dict of one section.

        Returns:
            The same dict with the overview and the size.
        """
        try:
            section = open_section(results['img_path'])
            overview, _ = section.overview(self.overview)
        except RadiographError as error:
            raise of_dataset(error) from error
        results['img'] = blue_first(overview)
        results['img_shape'] = overview.shape[:2]
        results['ori_shape'] = section.size
        results['section_reduce'] = self.reduce
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(reduce={self.reduce}, overview={self.overview})'


def blue_first(image: np.ndarray) -> np.ndarray:
    """Reverse the channels of (H, W, 3): networks take blue, green, red, as OpenCV reads them."""
    return np.ascontiguousarray(image[..., ::-1])
