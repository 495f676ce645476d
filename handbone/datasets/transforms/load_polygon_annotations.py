"""Polygons and masks to packed label maps inside the pipeline."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError, check_word
from handbone.masks import constant_map, rasterize, warp

from ..known_classes import Unknown
from ..labels import Labels, labels_of
from ..polygons import Polygons
from .frame_matrix import file_to_image

FRAMES = ('original', 'image')


@TRANSFORMS.register_module()
class LoadPolygonAnnotations(BaseTransform):
    """Draw the polygons or masks of an image directly into a packed label map.

    Image: untouched. Labels: ``gt_seg_map`` is int32, bit ``c`` set where class ``c`` is, (H, W)
    for up to 31 classes, else (H, W, P). An image without annotation (prediction only) gets
    no labels. Where a class is unknown, ``gt_unknown_map`` of the same shape has its bit:
    everywhere in the image, or in the places that were marked. Padding and pixels from outside the
    image are known background.

    Required keys: ``ori_shape`` and, where there are labels, ``classes`` and ``polygons`` or
    ``masks`` (what is no polygon). Optional key: ``unknown``. Added keys: ``gt_seg_map`` and, where
    something is unknown, ``gt_unknown_map``; their names are appended to ``seg_fields``.

    Args:
        frame: 'original' draws at the size of the file, regardless of what happened to the image:
            predictions at the original size are scored against this. In training it belongs after
            the file is loaded and before the first geometric transform. 'image' draws at the
            current size of ``img``, after Resize, RandomResize or RandomAffine: polygons with
            sub-pixel accuracy, masks by the nearest pixel of the file. No other transform may flip,
            crop or rotate the image before it.
        always_unknown: Draw ``gt_unknown_map`` even where nothing is unknown. mmseg's RandomMosaic
            needs the same maps of all images.

    Raises:
        HandboneError: ``frame='image'`` after a flip or a crop.
    """

    def __init__(self, frame: str = 'original', always_unknown: bool = False) -> None:
        check_word('frame', frame, FRAMES)
        self.frame = frame
        self.always_unknown = always_unknown

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
        num_classes = len(results['classes'])
        results['gt_seg_map'] = self._draw(results, labels, num_classes)
        results['seg_fields'].append('gt_seg_map')
        unknown = results.get('unknown')
        if unknown is not None or self.always_unknown:
            unknown = unknown or Unknown(())
            results['gt_unknown_map'] = self._draw_unknown(results, unknown, num_classes)
            results['seg_fields'].append('gt_unknown_map')
        return results

    def _draw(self, results: dict, labels: Labels, num_classes: int) -> np.ndarray:
        if self.frame == 'image' and isinstance(labels, Polygons):
            return self._at_image_size(results, labels, num_classes)
        height, width = results['ori_shape'][:2]
        packed = labels.draw(height, width, num_classes)
        if self.frame == 'original':
            return packed
        return warp(packed, self._matrix(results), results['img'].shape[:2])

    def _draw_unknown(self, results: dict, unknown: Unknown, num_classes: int) -> np.ndarray:
        height, width = results['ori_shape'][:2]
        packed = constant_map(height, width, unknown.code(num_classes))
        if self.frame == 'image':
            packed = warp(packed, self._matrix(results), results['img'].shape[:2])
        if unknown.regions is not None:
            packed |= self._draw(results, unknown.regions, num_classes)
        return packed

    def _at_image_size(self, results: dict, polygons: Polygons, num_classes: int) -> np.ndarray:
        height, width = results['img'].shape[:2]
        matrix = self._matrix(results)
        # The matrix rotates and shears; rasterize scales, so that small masks do not grow.
        scale: Any = np.linalg.norm(matrix[:, :2], axis=1)
        points = polygons.points @ matrix[:, :2].T + matrix[:, 2]
        moved = polygons._replace(points=(points + 0.5) / scale - 0.5)
        return rasterize(moved.split(), height, width, num_classes, scale=scale)

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
        name = type(self).__name__
        return f'{name}(frame={self.frame!r}, always_unknown={self.always_unknown})'
