"""Flips for classes that exist on the left and on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmseg.datasets.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.listing import normal_forms
from handbone.masks import CLASSES_PER_PLANE

MIRRORS = ('horizontal', 'vertical')


@TRANSFORMS.register_module()
class MultilabelRandomFlip(RandomFlip):
    """mmseg's RandomFlip that also swaps left and right classes in the packed label map.

    Image: flipped. Labels: flipped, and if the result is a mirror image ('horizontal' or
    'vertical'), the two classes of each pair are swapped; 'diagonal' is a half turn, which does not
    exchange left and right. The stock ``swap_seg_labels`` compares whole pixel values, so it does
    not work with packed maps. Classes without sides, such as the bones of one hand, only need
    mmseg's RandomFlip.

    Required keys: ``img``, ``classes``. Added keys: ``flip``, ``flip_direction``, and
    ``swap_classes``, the pairs of class indices that were swapped.

    Args:
        swap: Pairs of class names, for example ``[('right_lung', 'left_lung')]``.
        **kwargs: ``prob`` and ``direction`` of mmseg's RandomFlip.
    """

    def __init__(self, swap: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.swap = [normal_forms(pair) for pair in swap]
        names = [name for pair in self.swap for name in pair]
        if any(len(pair) != 2 for pair in self.swap) or len(set(names)) != len(names):
            raise HandboneError(f'swap must be pairs of class names, each name once, got {swap}')

    def transform(self, results: dict) -> dict:
        """Flip one image at random.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with image and labels flipped or unchanged.

        Raises:
            HandboneError: A class to swap does not exist.
        """
        results = super().transform(results)
        if results['flip'] and results['flip_direction'] in MIRRORS:
            pairs = self._class_indices(results['classes'])
            results['swap_classes'] = pairs
            for key in results.get('seg_fields', []):
                results[key] = _swap_bits(results[key], pairs)
        return results

    def _class_indices(self, classes: Sequence[str]) -> list[tuple[int, int]]:
        classes = normal_forms(classes)
        unknown = {name for pair in self.swap for name in pair} - set(classes)
        if unknown:
            raise HandboneError(
                f'swap names classes that do not exist: {", ".join(sorted(unknown))}; '
                f'the classes are {", ".join(classes)}'
            )
        return [(classes.index(first), classes.index(second)) for first, second in self.swap]

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, swap={self.swap})'


def _swap_bits(packed: np.ndarray, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Swap pairs of class bits of a packed map (H, W) or (H, W, P), in place."""
    planes = packed if packed.ndim == 3 else packed[..., None]
    for first, second in pairs:
        plane, bit = divmod(first, CLASSES_PER_PLANE)
        other_plane, other_bit = divmod(second, CLASSES_PER_PLANE)
        # Where two bits differ, inverting both swaps them.
        differ = ((planes[..., plane] >> bit) ^ (planes[..., other_plane] >> other_bit)) & 1
        planes[..., plane] ^= differ << bit
        planes[..., other_plane] ^= differ << other_bit
    return packed
