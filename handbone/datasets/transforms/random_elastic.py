"""Smooth random deformations."""

import math

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError

from .arguments import check_number, check_prob
from .moving_field import move_along, nodes, spacing

#: A shift of more than this share of the distance between its anchors may fold the image.
MOST_SHIFT = 0.25
#: Anchors that are closer than this share of the longer side deform nothing that can be seen.
LEAST_DISTANCE = 1e-3


@TRANSFORMS.register_module()
class RandomElastic(BaseTransform):
    """Deform an image smoothly, as soft tissue and other bodies differ.

    Anchors on a coarse grid move at random, independently of each other, and what is between them
    follows (a form of Simard et al., ICDAR 2003). Image: one linear interpolation; pixels from
    outside are ``pad_val``. Labels: the nearest pixel at the same places; pixels from outside are
    background. Polygons cannot follow: ``LoadPolygonAnnotations`` comes before it.

    Required keys: ``img``. Optional keys: those in ``seg_fields``. Modified keys: ``img``, label
    maps.

    Args:
        shift: Largest shift of an anchor to either side, as a share of the longer side.
        distance: Distance between anchors, as a share of the longer side; above 4 times the shift,
            or the image could fold.
        pad_val: Grey value of pixels from outside the image.
        prob: Share of images that are deformed.

    Raises:
        HandboneError: If the shift is negative or the image could fold.

    >>> transform = RandomElastic(prob=1.0)
    >>> transform(dict(img=np.zeros((300, 200), np.uint8)))['img'].shape
    (300, 200)
    """

    def __init__(
        self, shift: float = 0.01, distance: float = 0.1, pad_val: float = 0, prob: float = 0.5
    ) -> None:
        check_number('shift', shift, 0)
        if shift > MOST_SHIFT * check_number('distance', distance, LEAST_DISTANCE, 1):
            raise HandboneError(
                f'shift={shift} and distance={distance}: the shift must be at most {MOST_SHIFT} of '
                'the distance between anchors; otherwise the image could fold'
            )
        self.shift = shift
        self.distance = distance
        self.pad_val = pad_val
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self, rows: int, columns: int) -> np.ndarray | None:
        """Draw the shifts of the anchors, from -1 to 1, or None for an image left as it is."""
        if np.random.rand() >= self.prob:
            return None
        return np.random.uniform(-1, 1, (rows, columns, 2)).astype(np.float32)

    def transform(self, results: dict) -> dict:
        """Deform image and labels.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        height, width = results['img'].shape[:2]
        longer = max(height, width)
        # two anchors beyond the borders on each side, as many as cubic interpolation looks at
        rows, columns = (math.ceil(side / (self.distance * longer)) + 4 for side in (height, width))
        shifts = self._draw(rows, columns)
        if shifts is not None:
            places = nodes(height, width)
            per_anchor = self.distance * longer / spacing(height, width)
            beyond = round(1.5 * per_anchor)
            # where anchors are closer than nodes, as in tiny images, the field has to reach as far
            size = (
                max(math.ceil(columns * per_anchor), beyond + places.shape[1]),
                max(math.ceil(rows * per_anchor), beyond + places.shape[0]),
            )
            field = cv2.resize(shifts, size, interpolation=cv2.INTER_CUBIC)
            field = field[beyond : beyond + len(places), beyond : beyond + places.shape[1]]
            move_along(results, places + self.shift * longer * field, self.pad_val)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(shift={self.shift}, distance={self.distance}, '
            f'pad_val={self.pad_val}, prob={self.prob})'
        )
