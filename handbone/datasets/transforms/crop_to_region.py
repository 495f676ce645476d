"""The view of a region that its labels give, for training the second network of a cascade."""

from typing import Any

import numpy as np
import torch
from mmseg.registry import TASK_UTILS, TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import compose, inverse, rasterize
from handbone.regions import masses_of_labels, sample_crops

from .frame_matrix import file_to_image
from .random_affine import RandomAffine

#: Longest side, in pixels, at which polygons are drawn to measure where the classes are.
MEASURED = 256


@TRANSFORMS.register_module()
class CropToRegion(RandomAffine):
    """Show the region of an image that its labels give, moved at random around its place.

    In training, the second network of a :class:`RegionCascade` sees what it will see in the
    cascade, with the errors of the first one imitated by the random part. Without it, which is the
    default, the region lies exactly where the labels put it, as validation needs. An image whose
    labels do not show the region is shown as a whole.

    Image: one linear interpolation, at two samples per pixel and side; pixels from outside take
    the value at the border. Labels: as for :class:`RandomAffine`, exact for polygons that
    ``LoadPolygonAnnotations(frame='image')`` draws afterwards.

    Required keys: ``img`` and, where there are labels, ``classes`` and ``polygons`` or
    ``gt_seg_map``. Modified keys: ``img``,
    ``img_shape``, label maps. Added keys: ``frame_matrix``, from the file to the image.

    Args:
        region: Config of the region, which gives the size.
        degrees: As for :class:`RandomAffine`.
        scale: As for :class:`RandomAffine`, where 1 is the scale of the region.
        translate: As for :class:`RandomAffine`.
        shear: As for :class:`RandomAffine`.
        prob: Share of images that are moved at random.

    Raises:
        HandboneError: If a setting is out of its range.

    Example:
        In a config::

            dict(type='CropToRegion', region=region, degrees=10, scale=(0.9, 1.1))
    """

    def __init__(
        self,
        region: dict,
        degrees: float = 0.0,
        scale: tuple[float, float] = (1.0, 1.0),
        translate: float = 0.0,
        shear: float = 0.0,
        prob: float = 1.0,
    ) -> None:
        self.region: Any = TASK_UTILS.build(region)
        super().__init__(degrees, scale, translate, shear, size=self.region.size, prob=prob)

    def _matrix(self, results: dict, target: tuple[int, int]) -> np.ndarray:
        """Build the (2, 3) matrix from image to view."""
        height, width = results['img'].shape[:2]
        content = torch.tensor([height, width])
        found = self.region.locate(self._masses(results), content)
        to_view = inverse(found.matrices[0].double().numpy())
        return compose(self._move(target), to_view)

    def _masses(self, results: dict) -> Any:
        """Centroids and areas of the classes in pixels of the image."""
        polygons = results.get('polygons')
        # images for prediction come without labels and classes
        num_classes = len(results.get('classes', self.region.used))
        if num_classes != self.region.num_classes:
            raise HandboneError(
                f'CropToRegion: the template of the region has {self.region.num_classes} places '
                f'and the dataset {num_classes} classes'
            )
        if 'gt_seg_map' in results:
            return masses_of_labels(results['gt_seg_map'], num_classes)
        if results.get('masks') is not None:
            raise HandboneError(
                f'CropToRegion measures polygons or a drawn label map, and the labels of '
                f'{results["img_path"]} are masks: put LoadPolygonAnnotations before it'
            )
        height, width = results['img'].shape[:2]
        scale = min(1.0, MEASURED / max(height, width))
        matrix = file_to_image(results)
        if matrix is None:
            raise HandboneError(
                f'CropToRegion comes after a flip, a crop or a resize, which it cannot repeat on '
                f'the polygons of {results["img_path"]}; put it directly after the loading'
            )
        # resizes and affine transforms so far are repeated on the polygons
        parts = (
            []
            if polygons is None
            else [
                (index, points @ matrix[:, :2].T + matrix[:, 2])
                for index, points in polygons.split()
            ]
        )
        size = max(1, round(height * scale)), max(1, round(width * scale))
        packed = rasterize(parts, *size, num_classes, scale=scale)
        return masses_of_labels(packed, num_classes, scale)

    def _warp_image(
        self, image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        """Sample the view as the cascade does."""
        channels = torch.from_numpy(np.ascontiguousarray(image))
        channels = channels[None] if image.ndim == 2 else channels.permute(2, 0, 1)
        back = torch.from_numpy(inverse(matrix))[None]
        content = torch.tensor(image.shape[:2])
        view = sample_crops(channels[None].float(), back, size, content)[0]
        view = view[0] if image.ndim == 2 else view.permute(1, 2, 0)
        if image.dtype == np.uint8:
            view = view.round().to(torch.uint8)
        return np.ascontiguousarray(view.numpy())

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(region={self.region}, degrees={self.degrees}, '
            f'scale={self.scale}, translate={self.translate}, shear={self.shear}, '
            f'prob={self.prob})'
        )
