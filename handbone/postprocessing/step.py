"""Steps that change the masks of a packed map, one class at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import (
    CLASSES_PER_PLANE,
    Box,
    class_boxes,
    planes_first,
    planes_last,
)

if TYPE_CHECKING:
    from torch import Tensor


class PostprocessingStep:
    """Changes the mask of one class at a time, inside its box.

    Each step defines in :meth:`process` how it changes a mask. Other classes, the pixels outside
    the box and the bit of ignored pixels stay unchanged. Segmentors build the steps from
    ``test_cfg.postprocess`` and apply them in that order.

    Args:
        classes: Indices of the classes to change; None means all. A config may name the classes:
            :func:`handbone.postprocessing.index_classes` replaces the names by indices.

    Raises:
        HandboneError: If a class is not an index.
    """

    #: Whether :meth:`process` needs the grey values.
    needs_image = False
    #: Pixels by which the box extends beyond the mask on each side.
    margin = 0

    def __init__(self, classes: Sequence[int] | None = None) -> None:
        if classes is not None and not all(isinstance(index, int) for index in classes):
            raise HandboneError(
                f'{type(self).__name__}: classes {list(classes)} are names, but indices are needed '
                'here; handbone.postprocessing.index_classes finds them'
            )
        self.classes = None if classes is None else frozenset(classes)

    def __call__(
        self, packed: np.ndarray, num_classes: int, image: np.ndarray | None = None
    ) -> np.ndarray:
        """Apply the step.

        Args:
            packed: Packed map, int32, (H, W) or (H, W, P). It is changed in place.
            num_classes: Number of classes.
            image: Grey values, (H, W) uint8, for steps that need them.

        Returns:
            ``packed``.

        Raises:
            HandboneError: If the step needs the image and there is none, or a class does not exist.
        """
        if self.needs_image and image is None:
            raise HandboneError(f'{type(self).__name__} needs the image, and none was given')
        if self.classes is not None and not self.classes <= set(range(num_classes)):
            raise HandboneError(
                f'{type(self).__name__}: classes {sorted(self.classes)} are not all among '
                f'0 to {num_classes - 1}'
            )
        planes = packed[..., None] if packed.ndim == 2 else packed
        for index, box in class_boxes(packed, num_classes).items():
            if self.classes is not None and index not in self.classes:
                continue
            rows, columns = _grow(box, self.margin, packed.shape[:2])
            plane, bit = divmod(index, CLASSES_PER_PLANE)
            region = planes[rows, columns, plane]
            mask = region >> bit & 1
            grey = image[rows, columns] if self.needs_image and image is not None else None
            processed = self.process(mask.astype(bool), packed.shape[:2], grey)
            region ^= (mask ^ processed.astype(np.int32)) << bit
        return packed

    def process(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Change the mask of one class.

        Args:
            mask: The class inside its box, bool (h, w), not empty.
            shape: Height and width of the whole image.
            image: Grey values of the box, uint8 (h, w), None where the step does not need them.

        Returns:
            The new mask, bool (h, w).
        """
        raise NotImplementedError


def apply_steps(
    packed: Tensor,
    steps: Sequence[PostprocessingStep],
    num_classes: int,
    grey: np.ndarray | None = None,
    exclusive: bool = False,
) -> Tensor:
    """Apply steps in their order to the labels of a network.

    Args:
        packed: ``(P, H, W)`` int32.
        steps: The steps.
        num_classes: Number of classes.
        grey: Grey values, ``(H, W)`` uint8; required if a step needs the image.
        exclusive: A pixel has at most one class. Where steps add others, as filled holes do, it
            keeps its own; where they add several to the background, it gets the first.

    Returns:
        Packed labels of the same shape, on the same device.

    Raises:
        HandboneError: If a step needs the image and there is none.
    """
    if not steps:
        return packed
    before = packed.clone() if exclusive else packed  # steps may write where they read
    labels = np.ascontiguousarray(planes_last(packed))
    for step in steps:
        labels = step(labels, num_classes, grey)
    changed = planes_first(labels).to(packed.device)
    if not exclusive:
        return changed
    from handbone.masks import first_class_only  # loads PyTorch, which steps do without

    kept = changed & before
    has_own = (kept != 0).any(dim=0)
    return first_class_only(kept.where(has_own, changed)[None])[0]


def _grow(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Enlarge a box on all sides by a margin in pixels, within an image of a shape."""
    rows, columns = (
        slice(max(0, side.start - margin), min(length, side.stop + margin))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns
