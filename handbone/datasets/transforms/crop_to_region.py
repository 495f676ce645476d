"""The view of a region that its labels give, for training the second network of a cascade."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TASK_UTILS, TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import compose, inverse, scaling
from handbone.regions import OVERSAMPLING, Found

from ..polygons import Polygons
from .exchanged_classes import exchange_in_labels
from .frame_matrix import KEY, file_to_image
from .random_affine import RandomAffine
from .region_of_labels import locate_by_labels


@TRANSFORMS.register_module()
class CropToRegion(RandomAffine):
    """Show the region of an image that its labels give, moved at random around its place.

    In training, the second network of a :class:`RegionCascade` sees what it will see in the
    cascade, with the errors of the first one imitated by the random part. Without it, which is the
    default, the region lies exactly where the labels put it, as validation needs. An image whose
    labels do not show the region is shown as a whole. Of several regions, such as five fingertips,
    one is shown that the labels have: drawn at random, or with ``score_view`` the one whose turn
    it is by the number of the image. Its classes get the names by which the network knows them.

    Image: one linear interpolation, at two samples per pixel and side, whose places OpenCV rounds
    to 1/32 of a pixel; pixels from outside take the value at the border. Labels: as for
    :class:`RandomAffine`, exact for polygons that ``LoadPolygonAnnotations(frame='image')`` draws
    afterwards.

    Required keys: ``img`` and, where there are labels, ``classes`` and ``polygons`` or
    ``gt_seg_map``. Modified keys: ``img``,
    ``img_shape``, label maps. Added keys: ``frame_matrix``, from the file to the image.

    Args:
        region: Config of the region, which gives the size; or of several of one size.
        degrees: As for :class:`RandomAffine`.
        scale: As for :class:`RandomAffine`, where 1 is the scale of the region.
        translate: As for :class:`RandomAffine`.
        shear: As for :class:`RandomAffine`.
        prob: Share of images that are moved at random.
        aspect: As for :class:`RandomAffine`.
        within: Config of a region in whose view ``region`` is looked for, so that it is shown as
            upright as there: that of the first stage, if the first stage is a cascade.
        score_view: Let the view count as the image file from here on, labels included, so that
            predictions are scored in the view alone. For validation.

    Raises:
        HandboneError: If a setting is out of its range, or regions have different sizes.

    Example:
        In a config::

            dict(type='CropToRegion', region=region, degrees=10, scale=(0.9, 1.1))
    """

    def __init__(
        self,
        region: dict | Sequence[dict],
        degrees: float = 0.0,
        scale: tuple[float, float] = (1.0, 1.0),
        translate: float = 0.0,
        shear: float = 0.0,
        prob: float = 1.0,
        aspect: tuple[float, float] = (1.0, 1.0),
        within: dict | None = None,
        score_view: bool = False,
    ) -> None:
        several = [region] if isinstance(region, dict) else list(region)
        self.regions: list[Any] = [TASK_UTILS.build(each) for each in several]
        sizes = {each.size for each in self.regions}
        if len(sizes) != 1:
            raise HandboneError(
                f'{type(self).__name__}: a network sees regions of one size, got '
                f'{", ".join(f"{each.name}: {each.size}" for each in self.regions) or "none"}'
            )
        self.within: Any = None if within is None else TASK_UTILS.build(within)
        self.score_view = score_view
        super().__init__(
            degrees, scale, translate, shear, size=sizes.pop(), prob=prob, aspect=aspect
        )

    def transform(self, results: dict) -> dict:
        """Move image and labels.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the view and its labels.
        """
        region, found = self._locate(results)
        to_view = inverse(found.matrices[0].double().numpy())
        matrix = compose(self._move(region.size), to_view)
        results = self._moved(results, matrix, region.size)
        if found.found[0]:
            exchange_in_labels(results, getattr(region, 'known_as', ()))
        if self.score_view:
            _count_as_file(results)
        return results

    @cache_randomness
    def _draw_region(self) -> int:
        return int(np.random.randint(len(self.regions))) if len(self.regions) > 1 else 0

    def _locate(self, results: dict) -> tuple[Any, Found]:
        """Find the region to show: from the one drawn on, the first that the labels have."""
        first = results.get('sample_idx', 0) if self.score_view else self._draw_region()
        for number in range(len(self.regions)):
            region = self.regions[(first + number) % len(self.regions)]
            found = locate_by_labels(results, region, type(self).__name__, self.within)
            if bool(found.found[0]):
                break
        return region, found

    def _warp_image(
        self, image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        """Sample the view at the places where the cascade samples it."""
        finer = scaling(OVERSAMPLING, OVERSAMPLING)
        fine_size = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
        samples = cv2.warpAffine(
            image,
            compose(finer, matrix),
            fine_size,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cv2.resize(samples, size, interpolation=cv2.INTER_AREA)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(region={self.regions}, degrees={self.degrees}, '
            f'scale={self.scale}, translate={self.translate}, shear={self.shear}, '
            f'prob={self.prob}, aspect={self.aspect}, within={self.within}, '
            f'score_view={self.score_view})'
        )


def _count_as_file(results: dict) -> None:
    """Forget the file that the view was made of."""
    polygons, unknown = results.get('polygons'), results.get('unknown')
    matrix = file_to_image(results)
    if matrix is not None:
        if polygons is not None:
            results['polygons'] = _moved(polygons, matrix)
        if unknown is not None and isinstance(unknown.regions, Polygons):
            results['unknown'] = unknown._replace(regions=_moved(unknown.regions, matrix))
    for key in (KEY, 'scale_factor', 'pad_shape'):
        results.pop(key, None)
    results['ori_shape'] = results['img_shape']


def _moved(polygons: Polygons, matrix: np.ndarray) -> Polygons:
    points = polygons.points @ matrix[:, :2].T + matrix[:, 2]
    return polygons._replace(points=points.astype(np.float32))
