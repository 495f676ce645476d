"""Rotation, scaling, stretching, shear and shift in one interpolation."""

import math

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.masks import compose, scaling, warp

from .arguments import check_factors, check_number, check_prob, check_size
from .frame_matrix import file_to_image, remember


@TRANSFORMS.register_module()
class RandomAffine(BaseTransform):
    """Rotate, scale, stretch, shear and shift an image and fit it into the size of the network.

    Image: one linear interpolation; where it shrinks to less than half, the pixels are averaged
    first to avoid aliasing. Pixels from outside are ``pad_val``. Labels: packed maps are
    sampled at the nearest neighbour with the same matrix, exactly as the mask of each class would
    be; pixels from outside are background. Polygons drawn afterwards by
    ``LoadPolygonAnnotations(frame='image')`` follow the matrix exactly, which is more accurate and
    faster than drawing first.

    Required keys: ``img``. Optional keys: those in ``seg_fields``. Modified keys: ``img``,
    ``img_shape``, label maps. Added keys: ``frame_matrix``, from the file to the image.

    Args:
        degrees: Largest rotation to either side, in degrees.
        scale: Range of the zoom, where 1 is unchanged; drawn log-uniformly, so that enlarging and
            shrinking are equally likely.
        translate: Largest shift to either side, as a share of the output width and height.
        shear: Largest horizontal shear to either side, in degrees.
        size: Output width and height; before the random part, the whole image is fitted into it,
            centred and with its aspect ratio kept. None keeps the size.
        pad_val: Grey value of pixels from outside the image.
        prob: Share of images that are moved at random; the others are only fitted into ``size``.
        aspect: Range of the stretch of the width relative to the height at equal area, before the
            rotation; drawn log-uniformly. 1 is unchanged.

    >>> transform = RandomAffine(degrees=20, scale=(0.8, 1.25), size=(512, 512))
    >>> transform(dict(img=np.zeros((300, 200)), ori_shape=(300, 200)))['img'].shape
    (512, 512)
    """

    def __init__(
        self,
        degrees: float = 0.0,
        scale: tuple[float, float] = (1.0, 1.0),
        translate: float = 0.0,
        shear: float = 0.0,
        size: tuple[int, int] | None = None,
        pad_val: float = 0,
        prob: float = 1.0,
        aspect: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        if not check_number('shear', shear, 0) < 90:
            raise HandboneError(f'shear must be at least 0 and less than 90 degrees, got {shear}')
        self.degrees = check_number('degrees', degrees, 0)
        self.scale = check_factors('scale', scale)
        self.translate = check_number('translate', translate, 0)
        self.shear = shear
        self.size = None if size is None else check_size(size)
        self.pad_val = pad_val
        self.prob = check_prob(prob)
        self.aspect = check_factors('aspect', aspect)

    @cache_randomness
    def _draw(self) -> tuple[float, float, float, float, float, float]:
        """Draw angle and shear in radians, zoom, the two shifts, and aspect."""
        moved = np.random.rand() < self.prob
        angle = math.radians(np.random.uniform(-self.degrees, self.degrees))
        shear = math.radians(np.random.uniform(-self.shear, self.shear))
        zoom = math.exp(np.random.uniform(*np.log(self.scale)))
        shifts = np.random.uniform(-self.translate, self.translate, 2)
        # drawn last, and only where it is wanted: the other draws are those without it
        aspect = 1.0
        if self.aspect != (1.0, 1.0):
            aspect = math.exp(np.random.uniform(*np.log(self.aspect)))
        return (angle, shear, zoom, *shifts, aspect) if moved else (0.0, 0.0, 1.0, 0.0, 0.0, 1.0)

    def transform(self, results: dict) -> dict:
        """Move image and labels.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the moved image and labels.
        """
        image = results['img']
        size: tuple[int, int] = self.size or (image.shape[1], image.shape[0])
        return self._moved(results, self._matrix(results, size), size)

    def _moved(self, results: dict, matrix: np.ndarray, size: tuple[int, int]) -> dict:
        """Move image and labels by a (2, 3) matrix into a frame of a width and a height."""
        for key in results.get('seg_fields', []):
            results[key] = warp(results[key], matrix, (size[1], size[0]))
        before = file_to_image(results)
        results['img'] = self._warp_image(results['img'], matrix, size)
        remember(results, None if before is None else compose(matrix, before))
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _matrix(self, results: dict, target: tuple[int, int]) -> np.ndarray:
        """Build the (2, 3) matrix from the image to a target of a width and a height."""
        height, width = results['img'].shape[:2]
        fitting = min(target[0] / width, target[1] / height)
        return self._move(target, (width, height), fitting)

    def _move(
        self,
        target: tuple[int, int],
        source: tuple[int, int] | None = None,
        fitting: float = 1.0,
    ) -> np.ndarray:
        """Build the matrix of a random move about the centres of source and target.

        Args:
            target: Width and height.
            source: Width and height; those of the target by default.
            fitting: Scale before the random zoom.

        Returns:
            The (2, 3) matrix from source to target pixels.
        """
        angle, shear, zoom, *shifts, aspect = self._draw()
        zoom *= fitting
        cosine, sine = math.cos(angle), math.sin(angle)
        linear = zoom * np.array([[cosine, -sine], [sine, cosine]])
        linear = linear @ np.array([[1.0, math.tan(shear)], [0.0, 1.0]])
        linear = linear @ np.diag([aspect**0.5, aspect**-0.5])
        source_center = (np.array(source or target) - 1) / 2
        target_center = (np.array(target) - 1) / 2 + np.array(shifts) * target
        return np.column_stack([linear, target_center - linear @ source_center])

    def _warp_image(
        self, image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        shrink = math.floor(1 / math.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        if shrink >= 2:
            height, width = image.shape[:2]
            small = max(1, round(width / shrink)), max(1, round(height / shrink))
            image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
            matrix = compose(matrix, scaling(width / small[0], height / small[1]))
        border = (self.pad_val,) * 3
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=border)

    def __repr__(self) -> str:
        name = type(self).__name__
        return (
            f'{name}(degrees={self.degrees}, scale={self.scale}, translate={self.translate}, '
            f'shear={self.shear}, size={self.size}, pad_val={self.pad_val}, prob={self.prob}, '
            f'aspect={self.aspect})'
        )
