"""A random move of an image that a region's labels have put upright."""

import math
from typing import Any

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TASK_UTILS, TRANSFORMS

from handbone.masks import compose

from .random_affine import RandomAffine
from .region_of_labels import locate_by_labels


@TRANSFORMS.register_module()
class UprightAffine(RandomAffine):
    """Turn an image by the quarter turns that bring a region nearest to upright, and move it.

    For the locator of a :class:`RegionCascade` with ``quarter_turns``, which sees every image in
    four positions and needs to know the region only where it points up. The random part, which is
    that of :class:`RandomAffine`, comes after the turn. An image whose labels do not show the
    region is turned at random, with a probability of ``prob``.

    Image and labels: as for :class:`RandomAffine`, in the same single interpolation.

    Required keys: ``img`` and, where there are labels, ``classes`` and ``polygons`` or
    ``gt_seg_map``. Modified keys: ``img``, ``img_shape``, label maps. Added keys:
    ``frame_matrix``, from the file to the image.

    Args:
        region: Config of the region; its size is not used.
        **kwargs: Arguments of :class:`RandomAffine`. ``degrees`` is at least 45 if the region is
            to be known at every angle.

    Raises:
        HandboneError: If a setting is out of its range.

    Example:
        In a config::

            dict(type='UprightAffine', region=region, size=(256, 256), degrees=50)
    """

    def __init__(self, region: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.region: Any = TASK_UTILS.build(region)

    @cache_randomness
    def _draw_turns(self) -> int:
        return int(np.random.randint(4)) if np.random.rand() < self.prob else 0

    def _matrix(self, results: dict, target: tuple[int, int]) -> np.ndarray:
        """Build the (2, 3) matrix from the image to a target of a width and a height."""
        found = locate_by_labels(results, self.region, type(self).__name__)
        turns = self._draw_turns()
        if bool(found.found[0]):
            right, down = (-found.matrices[0, :, 1]).tolist()  # where the view's top points to
            turns = round(math.atan2(right, -down) / (math.pi / 2)) % 4
        height, width = results['img'].shape[:2]
        turned = (height, width) if turns % 2 else (width, height)
        fitting = min(target[0] / turned[0], target[1] / turned[1])
        return compose(self._move(target, turned, fitting), _quarter_turns(turns, width, height))

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, region={self.region})'


def _quarter_turns(turns: int, width: int, height: int) -> np.ndarray:
    """Matrix of counterclockwise quarter turns of an image, from its pixels to the turned ones."""
    turned = (height, width) if turns % 2 else (width, height)
    linear = np.linalg.matrix_power(np.array([[0.0, 1.0], [-1.0, 0.0]]), turns)
    source, target = ((np.array(size) - 1) / 2 for size in ((width, height), turned))
    return np.column_stack([linear, target - linear @ source])
