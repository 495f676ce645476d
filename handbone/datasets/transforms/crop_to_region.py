"""The view of a region that its labels give, for training the second network of a cascade."""

from typing import Any

import numpy as np
import torch
from mmseg.registry import TASK_UTILS, TRANSFORMS

from handbone.masks import compose, inverse
from handbone.regions import sample_crops

from .random_affine import RandomAffine
from .region_of_labels import locate_by_labels


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
        aspect: As for :class:`RandomAffine`.

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
        aspect: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self.region: Any = TASK_UTILS.build(region)
        super().__init__(
            degrees, scale, translate, shear, size=self.region.size, prob=prob, aspect=aspect
        )

    def _matrix(self, results: dict, target: tuple[int, int]) -> np.ndarray:
        """Build the (2, 3) matrix from image to view."""
        found = locate_by_labels(results, self.region, type(self).__name__)
        to_view = inverse(found.matrices[0].double().numpy())
        return compose(self._move(target), to_view)

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
            f'prob={self.prob}, aspect={self.aspect})'
        )
