"""Quarter turns, mirror images and rotations of packed label maps."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmseg.datasets.transforms import RandomRotFlip
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import warp

from .arguments import check_number, check_prob, check_range
from .frame_matrix import remember
from .multilabel_random_flip import SwappedClasses


@TRANSFORMS.register_module()
class MultilabelRandomRotFlip(SwappedClasses, RandomRotFlip):
    """mmseg's RandomRotFlip for packed maps: a rotation, or a quarter turn and a mirror image.

    Image: as in mmseg, rotated with linear interpolation within its frame, or turned and mirrored
    without any. Labels: the same, the nearest pixel in the rotation, where mmseg would mix the
    numbers of different classes; pixels from outside are background. In a mirror image the classes
    of each pair in ``swap`` are exchanged.

    Required keys: ``img``, and ``classes`` where classes are swapped. Optional keys: those in
    ``seg_fields``. Modified keys: ``img``, ``img_shape``, label maps.

    Args:
        rotate_prob: Share of images that are rotated.
        flip_prob: Of the others, the share that is turned by 0 to 3 quarters and mirrored. Leave it
            at 0 where classes have sides and are not in ``swap``.
        degree: Range of the rotation in degrees; one number stands for both sides.
        swap: Pairs of class names, for example ``[('right_lung', 'left_lung')]``.

    Raises:
        HandboneError: If ``swap`` names a class that does not exist, or one twice.
    """

    without_mirrors = 'set flip_prob=0'

    def __init__(
        self,
        rotate_prob: float = 0.5,
        flip_prob: float = 0.0,
        degree: float | tuple[float, float] = 20.0,
        swap: Sequence[tuple[str, str]] = (),
    ) -> None:
        check_prob(rotate_prob, 'rotate_prob')
        check_prob(flip_prob, 'flip_prob')
        if isinstance(degree, Sequence):
            check_range('degree', degree, -360, 360)
        elif check_number('degree', degree, 0) == 0:
            raise HandboneError('degree must be above 0; rotate_prob=0 rotates nothing')
        super().__init__(swap=swap, rotate_prob=rotate_prob, flip_prob=flip_prob, degree=degree)

    def transform(self, results: dict) -> dict:
        """Rotate, or turn and mirror, one image at random.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.

        Raises:
            HandboneError: If images are mirrored and a class with a side is not in ``swap``.
        """
        if self.flip_prob > 0:
            self.check_sides(results)
        return super().transform(results)

    def random_rot_flip(self, results: dict) -> dict:
        """Turn by quarters and mirror.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        results = super().random_rot_flip(results)
        results['img_shape'] = results['img'].shape[:2]
        remember(results, None)
        if self.swap:
            self.swap_in_labels(results)
        return results

    def random_rotate(self, results: dict) -> dict:
        """Rotate about the centre.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        angle = np.random.uniform(min(*self.degree), max(*self.degree))
        height, width = results['img'].shape[:2]
        # mmcv.imrotate turns clockwise, OpenCV counter-clockwise
        centre = (width - 1) / 2, (height - 1) / 2
        matrix: Any = cv2.getRotationMatrix2D(centre, -angle, 1.0)
        for key in results.get('seg_fields', []):
            results[key] = warp(results[key], matrix, (height, width))
        results['img'] = cv2.warpAffine(results['img'], matrix, (width, height))
        remember(results, None)
        return results

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, swap={self.swap})'
