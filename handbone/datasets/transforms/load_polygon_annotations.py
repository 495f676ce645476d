"""Polygons to packed label maps inside the pipeline."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import rasterize

from .frame_matrix import file_to_image

FRAMES = ('original', 'image')


@TRANSFORMS.register_module()
class LoadPolygonAnnotations(BaseTransform):
    """Draw the polygons of an image directly into a packed label map.

    Image: untouched. Labels: ``gt_seg_map`` is int32, bit ``c`` set where class ``c`` is, (H, W)
    for up to 31 classes, else (H, W, P). An image without annotation (prediction only) gets
    no labels.

    Required keys: ``ori_shape`` and, where there are labels, ``polygons`` and ``classes``. Added
    keys: ``gt_seg_map``; its name is appended to ``seg_fields``.

    Args:
        frame: 'original' draws at the size of the file, regardless of what happened to the image:
            predictions at the original size are scored against this. In training it belongs after
            the file is loaded and before the first geometric transform. 'image' draws at the
            current size of ``img`` with sub-pixel accuracy, after Resize, RandomResize or
            RandomAffine; no other transform may flip, crop or rotate the image before it.

    Raises:
        HandboneError: ``frame='image'`` after a flip or a crop.
    """

    def __init__(self, frame: str = 'original') -> None:
        if frame not in FRAMES:
            raise HandboneError(f"frame must be 'original' or 'image', got {frame!r}")
        self.frame = frame

    def transform(self, results: dict) -> dict:
        """Draw the label map.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the label map.
        """
        polygons = results.get('polygons')  # none where mmseg's own functions load an image
        if polygons is None:
            return results
        height, width = results['ori_shape'][:2]
        scale: Any = 1.0
        if self.frame == 'image':
            height, width = results['img'].shape[:2]
            matrix = self._matrix(results)
            # The matrix rotates and shears; rasterize scales, so that small masks do not grow.
            scale = np.linalg.norm(matrix[:, :2], axis=1)
            points = polygons.points @ matrix[:, :2].T + matrix[:, 2]
            polygons = polygons._replace(points=(points + 0.5) / scale - 0.5)
        num_classes = len(results['classes'])
        parts = polygons.split()
        results['gt_seg_map'] = rasterize(parts, height, width, num_classes, scale=scale)
        results['seg_fields'].append('gt_seg_map')
        return results

    @staticmethod
    def _matrix(results: dict) -> np.ndarray:
        matrix = file_to_image(results)
        if matrix is None:
            raise HandboneError(
                "LoadPolygonAnnotations(frame='image') comes after a flip, a crop or a resize, "
                f'which it cannot repeat on the polygons of {results["img_path"]}. Put it directly '
                "after Resize or RandomAffine, or use frame='original' directly after the image is "
                'loaded.'
            )
        return matrix

    def __repr__(self) -> str:
        return f'{type(self).__name__}(frame={self.frame!r})'
