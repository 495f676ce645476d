"""Polygons and masks to packed label maps inside the pipeline."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import rasterize, warp

from ..labels import Labels, labels_of
from ..polygons import Polygons
from .frame_matrix import file_to_image

FRAMES = ('original', 'image')


@TRANSFORMS.register_module()
class LoadPolygonAnnotations(BaseTransform):
    """Draw the polygons or masks of an image directly into a packed label map.

    Image: untouched. Labels: ``gt_seg_map`` is int32, bit ``c`` set where class ``c`` is, (H, W)
    for up to 31 classes, else (H, W, P). An image without annotation (prediction only) gets
    no labels.

    Required keys: ``ori_shape`` and, where there are labels, ``classes`` and ``polygons`` or
    ``masks`` (what is no polygon). Added keys: ``gt_seg_map``; its name is appended to
    ``seg_fields``.

    Args:
        frame: 'original' draws at the size of the file, regardless of what happened to the image:
            predictions at the original size are scored against this. In training it belongs after
            the file is loaded and before the first geometric transform. 'image' draws at the
            current size of ``img``, after Resize, RandomResize or RandomAffine: polygons with
            sub-pixel accuracy, masks by the nearest pixel of the file. No other transform may flip,
            crop or rotate the image before it.

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
        labels = labels_of(results)  # none where mmseg's own functions load an image
        if labels is None:
            return results
        if self.frame == 'original':
            packed = self._at_file_size(results, labels)
        elif isinstance(labels, Polygons):
            packed = self._at_image_size(results, labels)
        else:
            matrix = self._matrix(results)
            packed = warp(self._at_file_size(results, labels), matrix, results['img'].shape[:2])
        results['gt_seg_map'] = packed
        results['seg_fields'].append('gt_seg_map')
        return results

    @staticmethod
    def _at_file_size(results: dict, labels: Labels) -> np.ndarray:
        height, width = results['ori_shape'][:2]
        return labels.draw(height, width, len(results['classes']))

    def _at_image_size(self, results: dict, polygons: Polygons) -> np.ndarray:
        height, width = results['img'].shape[:2]
        matrix = self._matrix(results)
        # The matrix rotates and shears; rasterize scales, so that small masks do not grow.
        scale: Any = np.linalg.norm(matrix[:, :2], axis=1)
        points = polygons.points @ matrix[:, :2].T + matrix[:, 2]
        moved = polygons._replace(points=(points + 0.5) / scale - 0.5)
        return rasterize(moved.split(), height, width, len(results['classes']), scale=scale)

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
