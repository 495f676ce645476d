"""Flips for classes that exist on the left and on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmseg.datasets.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

from handbone.class_sides import unswapped_sides
from handbone.errors import HandboneError
from handbone.listing import normal_forms

from .arguments import check_names
from .class_indices import class_indices
from .exchanged_classes import exchange_in_maps

MIRRORS = ('horizontal', 'vertical')


class SwappedClasses:
    """Mirrors of classes that exist on the left and on the right.

    Put it before a transform of mmseg in the list of base classes.

    Args:
        swap: Pairs of class names, for example ``[('right_lung', 'left_lung')]``.
        **kwargs: As for the transform.

    Attributes:
        without_mirrors: What users can set so that nothing is mirrored, for messages.

    Raises:
        HandboneError: If they are not pairs, or a name stands there twice.
    """

    without_mirrors: str

    def __init__(self, swap: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        try:
            super().__init__(**kwargs)
        except AssertionError as error:  # of mmcv, without a word
            given = ', '.join(f'{key}={value!r}' for key, value in kwargs.items())
            raise HandboneError(
                f'{type(self).__name__} cannot be made with {given}: prob is from 0 to 1, and '
                'direction horizontal, vertical or diagonal'
            ) from error
        self.swap = [normal_forms(check_names('a pair of swap', pair)) for pair in swap]
        names = [name for pair in self.swap for name in pair]
        if any(len(pair) != 2 for pair in self.swap) or len(set(names)) != len(names):
            raise HandboneError(f'swap must be pairs of class names, each name once, got {swap}')

    def check_sides(self, results: dict) -> None:
        """Refuse to mirror an image whose classes have sides that are not swapped.

        Args:
            results: The dict of one image.

        Raises:
            HandboneError: If a class with a side is not in ``swap``.
        """
        left_over = unswapped_sides(results.get('classes', ()), self.swap)
        if left_over:
            raise HandboneError(
                f'{type(self).__name__} mirrors images, and {left_over[0]} has a side: name it '
                f'and its counterpart in swap, or {self.without_mirrors}'
            )

    def swap_in_labels(self, results: dict) -> None:
        """Swap the two classes of each pair in the label maps, in place.

        Args:
            results: The dict of one image; gets ``swap_classes``, the indices of the pairs.

        Raises:
            HandboneError: A class to swap does not exist.
        """
        names = [name for pair in self.swap for name in pair]
        found = class_indices(names, results['classes'], 'swap')
        pairs = list(zip(found[::2], found[1::2], strict=True))
        results['swap_classes'] = pairs
        exchange_in_maps(results, pairs)


@TRANSFORMS.register_module()
class MultilabelRandomFlip(SwappedClasses, RandomFlip):
    """mmseg's RandomFlip that also swaps left and right classes in the packed label map.

    Image: flipped. Labels: flipped, and if the result is a mirror image ('horizontal' or
    'vertical'), the two classes of each pair are swapped; 'diagonal' is a half turn, which does not
    exchange left and right. The stock ``swap_seg_labels`` compares whole pixel values, so it does
    not work with packed maps. Classes without sides, such as the bones of one hand, only need
    mmseg's RandomFlip.

    Required keys: ``img``, ``classes``. Added keys: ``flip``, ``flip_direction``, and
    ``swap_classes``, the pairs of class indices that were swapped.

    Args:
        swap: Pairs of class names, for example ``[('right_lung', 'left_lung')]``: all that have a
            side.
        **kwargs: ``prob`` and ``direction`` of mmseg's RandomFlip.
    """

    without_mirrors = "set direction='diagonal'"

    def transform(self, results: dict) -> dict:
        """Flip one image at random.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with image and labels flipped or unchanged.

        Raises:
            HandboneError: A class to swap does not exist, or one with a side is not swapped.
        """
        directions = {self.direction} if isinstance(self.direction, str) else {*self.direction}
        if np.any(self.prob) and not directions.isdisjoint(MIRRORS):
            self.check_sides(results)
        results = super().transform(results)
        if results['flip'] and results['flip_direction'] in MIRRORS:
            self.swap_in_labels(results)
        return results

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, swap={self.swap})'
