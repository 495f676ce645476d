"""Contrast that is equalised locally at random."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .arguments import MOST_COUNT, check_number, check_prob, check_range


@TRANSFORMS.register_module()
class RandomCLAHE(BaseTransform):
    """Equalise the contrast of an image locally, as the processing of some devices does.

    Image: contrast limited adaptive histogram equalisation (Zuiderveld, 1994) in 256 grey values,
    of each channel by itself; the dtype stays the same. mmseg's CLAHE takes images of three
    channels only, and equalises all with one limit. Labels: untouched.

    Required and modified keys: ``img``, (H, W) or (H, W, 3), uint8 or float32 of 0 to 255.

    Args:
        clip_limit: Range of the limit of the contrast; from 1, which changes little.
        tiles: Tiles per row and per column that are equalised by themselves.
        prob: Share of images that are equalised.

    >>> transform = RandomCLAHE(prob=1.0)
    >>> transform(dict(img=np.full((64, 64), 100, np.uint8)))['img'].shape
    (64, 64)
    """

    def __init__(
        self, clip_limit: tuple[float, float] = (1.0, 4.0), tiles: int = 8, prob: float = 0.5
    ) -> None:
        self.clip_limit = check_range('clip_limit', clip_limit, 1)
        self.tiles = int(check_number('tiles', tiles, 1, MOST_COUNT))
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> float | None:
        """Draw the limit, or None for an image left as it is."""
        chosen = np.random.rand() < self.prob
        limit = np.random.uniform(*self.clip_limit)
        return float(limit) if chosen else None

    def transform(self, results: dict) -> dict:
        """Equalise the image.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        limit = self._draw()
        if limit is None:
            return results
        image = results['img']
        grey = image if image.dtype == np.uint8 else np.rint(image.clip(0, 255)).astype(np.uint8)
        equaliser = cv2.createCLAHE(limit, (self.tiles, self.tiles))
        if grey.ndim == 2:
            equalised = equaliser.apply(grey)
        else:
            equalised = cv2.merge([equaliser.apply(channel) for channel in cv2.split(grey)])
        results['img'] = equalised.astype(image.dtype, copy=False)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_limit={self.clip_limit}, tiles={self.tiles}, '
            f'prob={self.prob})'
        )
