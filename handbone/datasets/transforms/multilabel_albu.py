"""Transforms of Albumentations on packed label maps."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmseg.datasets.transforms import Albu
from mmseg.registry import TRANSFORMS

from handbone.class_sides import unswapped_sides
from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.masks.packed import planes_of

from .frame_matrix import remember

#: OpenCV's numbers for the nearest pixel, the only interpolation that keeps labels apart.
NEAREST = (0, 6)
#: What transforms of Albumentations call values that they fill masks with.
FILLS = ('fill_mask', 'mask_fill_value', 'mask_value', 'mask_drop_value')
#: Transforms of Albumentations that make mirror images.
MIRRORS = ('HorizontalFlip', 'VerticalFlip', 'Transpose', 'D4', 'SquareSymmetry')


@TRANSFORMS.register_module()
class MultilabelAlbu(Albu):
    """mmseg's Albu for packed maps: each plane goes through Albumentations as four byte channels.

    Image: as Albumentations does. Labels: as Albumentations moves masks, exact for every class and
    the ignore bit. It needs the extra ``albumentations`` (MIT licence; AlbumentationsX, its
    successor, is AGPL and not used). A resumed run draws the same.

    Required keys: ``img``. Optional keys: those in ``seg_fields``. Modified keys: ``img``,
    ``img_shape``, label maps.

    Args:
        transforms: Transforms of Albumentations, each a dict with its ``type``.

    Raises:
        MissingExtraError: If Albumentations is not installed.
        HandboneError: If a transform interpolates masks or fills them with another value than 0.

    Example:
        In a config::

            dict(type='MultilabelAlbu', transforms=[dict(type='GridDistortion', p=0.5)])
    """

    def __init__(self, transforms: Sequence[dict]) -> None:
        import_extra('albumentations', 'albumentations')
        super().__init__(list(transforms))
        self._mirrors = ''
        for part in _parts(self.aug):
            _check_masks(part)
            if type(part).__name__ in MIRRORS and part.p > 0:
                self._mirrors = type(part).__name__

    def transform(self, results: dict) -> dict:
        """Transform image and labels.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.

        Raises:
            HandboneError: If images are mirrored and a class has a side.
        """
        left_over = unswapped_sides(results.get('classes', ())) if self._mirrors else []
        if left_over:
            raise HandboneError(
                f'MultilabelAlbu: {self._mirrors} mirrors images, and {left_over[0]} has a side: '
                'take MultilabelRandomFlip, which swaps pairs of classes, in its place'
            )
        inputs = dict(image=results['img'])
        maps = {key: list(planes_of(results[key])) for key in results.get('seg_fields', [])}
        if maps:
            inputs['masks'] = [
                np.ascontiguousarray(plane).view(np.uint8).reshape(*plane.shape, 4)
                for planes in maps.values()
                for plane in planes
            ]
        changed = self.aug(**inputs)
        results['img'] = changed['image']
        moved = iter(changed.get('masks', ()))
        for key, planes in maps.items():
            codes = [np.ascontiguousarray(next(moved)).view(np.int32)[..., 0] for _ in planes]
            results[key] = codes[0] if results[key].ndim == 2 else np.stack(codes, axis=-1)
        results['img_shape'] = results['img'].shape[:2]
        remember(results, None)
        return results


def _parts(part: Any) -> Iterator[Any]:
    """Iterate over a transform of Albumentations and those inside it."""
    yield part
    for inner in getattr(part, 'transforms', None) or ():
        yield from _parts(inner)


def _check_masks(part: Any) -> None:
    name = type(part).__name__
    interpolation = getattr(part, 'mask_interpolation', None)
    if interpolation is not None and interpolation not in NEAREST:
        raise HandboneError(
            f'MultilabelAlbu: {name} interpolates masks (mask_interpolation={interpolation}), '
            'which mixes the classes of packed labels; leave it at 0, the nearest pixel'
        )
    for key in FILLS:
        if getattr(part, key, None) not in (None, 0, 0.0):
            raise HandboneError(
                f'MultilabelAlbu: {name} fills masks with {key}={getattr(part, key)}, which on '
                'packed labels are classes; leave it at 0 or None'
            )
